import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

@testable import MohawkModels

/// A small checkpoint of another project's making and what independent implementations compute with it
/// (`Scripts/goldens/README.md`).
struct GoldenModel {
  static let transformers = ["phi", "phi-gqa"]
  static let all = ["phi", "phi-gqa", "phi-mamba", "hybrid-phi-mamba"]

  static func folder(_ name: String) -> String { Bundle.module.resourcePath! + "/Goldens/" + name }

  let name: String
  let model: Decoder
  let outputs: SafetensorsFile

  init(_ name: String, dtype: DType = .float32, compute: DType? = nil) throws {
    self.name = name
    model = try Decoder.open(Self.folder(name), dtype: dtype, compute: compute)
    outputs = try SafetensorsFile(Self.folder(name) + "/outputs.safetensors")
  }

  var isTransformer: Bool { Self.transformers.contains(name) }
  var ids: Tensor { get throws { try output("input_ids") } }
  func output(_ key: String) throws -> Tensor { try outputs.tensor(key) }
  func matrix(_ layer: Int) throws -> Tensor {
    try output((isTransformer ? "attention_matrix." : "matrix.") + "\(layer)")
  }
  func mixed(_ layer: Int) throws -> Tensor {
    try output((isTransformer ? "attention_output." : "mixer_output.") + "\(layer)")
  }

  /// The mean cross-entropy of each next token.
  func loss() throws -> Tensor {
    let ids = try ids
    let (batch, length) = (ids.size(0), ids.size(1))
    let logits = model(ids.narrowed(1, from: 0, length: length - 1)).to(model.embedding.weight.dtype)
    let targets = ids.narrowed(1, from: 1, length: length - 1).contiguous()
    return logits.reshaped(batch * (length - 1), model.vocabulary).crossEntropy(targets.reshaped(-1))
  }

  /// The gradient under a key of the checkpoint, put together from the parameters that share its tensor.
  func gradient(_ key: String) -> Tensor {
    let places = model.configuration.keys.places.filter { $0.value.key == key }
    let parts = places.sorted { ($0.value.firstRow ?? 0) < ($1.value.firstRow ?? 0) }
    return .concatenated(parts.map { model.parameters[$0.key]!.value.gradient! }, 0)
  }
}

/// A folder that goes when this object does.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Takes `config.json` and `model.safetensors` of a golden.
  convenience init(copying golden: String) throws {
    try self.init()
    for file in ["config.json", "model.safetensors"] {
      try write(file, Data(contentsOf: URL(fileURLWithPath: GoldenModel.folder(golden) + "/" + file)))
    }
  }

  func read(_ file: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + file)) }
  func write(_ file: String, _ data: Data) throws { try data.write(to: URL(fileURLWithPath: path + "/" + file)) }
  func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: path + "/" + file) }

  /// Changes `config.json`.
  func configure(_ change: (inout [String: Any]) -> Void) throws {
    var object = try JSONSerialization.jsonObject(with: read("config.json")) as! [String: Any]
    change(&object)
    try write("config.json", JSONSerialization.data(withJSONObject: object, options: .sortedKeys))
  }

  /// Changes the tensors of `model.safetensors`.
  func reweigh(_ change: (inout [String: Tensor]) -> Void) throws {
    let file = try SafetensorsFile(path + "/model.safetensors")
    var tensors: [String: Tensor] = [:]
    for name in file.names { tensors[name] = try file.tensor(name).copy() }
    change(&tensors)
    try Safetensors.write(tensors.map { ($0.key, $0.value) }, to: path + "/model.safetensors")
  }
}
