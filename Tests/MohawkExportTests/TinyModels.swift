import Foundation
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

/// Small models of the kinds that are exported.
enum TinyModels {
  static func llama(layers: Int = 3) -> DecoderConfiguration {
    DecoderConfiguration(
      format: .llama, vocabulary: 64, modelDim: 32, layers: layers, layout: .sequential, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 32, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 8, maxLength: 128, bias: false))
  }

  /// Llama's blocks with Mamba-2 in all layers but `attention`.
  static func hybrid(attention: [Int] = [1], groups: Int = 4, expand: Int = 1) -> DecoderConfiguration {
    var result = llama()
    let mamba = Mamba2Configuration(
      modelDim: 32, heads: 4, headDim: 8 * expand, groups: groups, stateDim: 16, chunk: 8, normGroups: groups)
    for layer in 0..<3 where !attention.contains(layer) { result.layers[layer].mixer = mamba }
    result.format = .graniteHybrid
    return result
  }

  /// A model in which nothing has its special initial value.
  static func model(_ configuration: DecoderConfiguration, seed: UInt64 = 1) -> Decoder {
    let model = Decoder.fresh(configuration, seed: seed)
    let noise = RandomGenerator(seed: seed + 1)
    withoutGradients {
      for parameter in model.parameters.all {
        parameter.value.addInPlace(noise.normal(parameter.value.shape), scale: 0.05)
      }
    }
    return model
  }

  static var ids: Tensor { Tensor((0..<20).map { Int64($0 * 7 % 64) }, shape: [1, 20]) }
}

/// A folder that goes when this object does.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
  func json(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
    return try JSONSerialization.jsonObject(with: data) as! [String: Any]
  }
  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
  }
}
