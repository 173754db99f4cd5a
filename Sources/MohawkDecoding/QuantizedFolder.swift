import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkTensor
import MohawkWeights

// A folder with a quantised model: `config.json` of the model with "quantization": {"format": "mohawk-1", "weights":
// "int8" or "int4"}, and `model.safetensors` with each parameter under its own name: matrices as U8 [bytes], called
// "….int8" or "….int4", and the others in fp32.
extension QuantizedDecoder {
  private static let version = "mohawk-1"

  /// Writes `config.json` and the weights into a folder that is there.
  /// - Throws: `MohawkError` when the files cannot be written.
  public func write(to folder: String) throws {
    try model.configuration.writeQuantized(["format": Self.version, "weights": precision.rawValue], to: folder)
    let weights = model.parameters.all.map { parameter in
      if let matrix = matrices[parameter.name] {
        return WeightToWrite("\(parameter.name).\(precision.rawValue)", .uint8, [matrix.bytes.count]) { matrix.bytes }
      }
      return WeightToWrite(parameter.name, .float32, parameter.value.shape) {
        withoutGradients { parameter.value.detached().to(.float32) }
      }
    }
    try Safetensors.write(weights, metadata: ["format": Self.version], to: folder + "/model.safetensors")
  }

  /// Opens a folder that `write` wrote; the matrices are the mapped file.
  /// - Throws: `MohawkError` when there is no quantised model, or its files do not belong together.
  public static func open(_ folder: String) throws -> QuantizedDecoder {
    let (configuration, entry) = try DecoderConfiguration.quantized(in: folder)
    func refuse(_ what: String) -> MohawkError {
      MohawkError(
        .unsupported, "the quantisation has \(what)", at: folder + "/config.json",
        remedy: "quantise the model again with this version")
    }
    guard entry["format"] == version else { throw refuse("another format than '\(version)'") }
    guard Set(entry.keys) == ["format", "weights"] else { throw refuse("keys that are not known here") }
    guard let precision = entry["weights"].flatMap(WeightPrecision.init), precision.isQuantized else {
      throw refuse("other weights than int8 and int4")
    }
    try requireNative(configuration, at: folder)
    let file = try SafetensorsFile(folder + "/model.safetensors")
    let source = QuantizedParameters(file, precision)
    // Every layer has tensors of its own: of more layers than there are tensors, one says enough.
    var shape = configuration
    shape.layers = Array(shape.layers.prefix(file.names.count + 1))
    let build = ParameterBuild(source, location: file.path)
    let model = Decoder(shape, build)
    try build.finish(unused: file.names.filter { !source.used.contains($0) }.sorted())
    model.freeze()
    return QuantizedDecoder(model, precision, source.matrices)
  }
}

/// Reads the parameters of a quantised folder. Matrices come as tensors that have a shape and one number.
private final class QuantizedParameters: ParameterSource {
  private let file: SafetensorsFile
  private let precision: WeightPrecision
  private(set) var used: Set<String> = []
  private(set) var matrices: [String: QuantizedMatrix] = [:]

  init(_ file: SafetensorsFile, _ precision: WeightPrecision) {
    self.file = file
    self.precision = precision
  }

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (name, shape) = (request.name, request.shape)
    let isMatrix = request.traits.allowRounding(shape)
    let key = isMatrix ? "\(name).\(precision.rawValue)" : name
    guard let entry = file.entries[key] else { return .failure(.missing(key: key)) }
    used.insert(key)
    guard entry.dtype == (isMatrix ? .uint8 : .float32) else {
      return .failure(.unusable(key: key, reason: "holds \(entry.dtype)"))
    }
    let bytes = isMatrix ? QuantizedMatrix.byteCount(precision, rows: shape[0], columns: shape[1]) : 0
    let wanted = isMatrix ? [bytes] : shape
    guard entry.shape == wanted else { return .failure(.misshapen(key: key, found: entry.shape, wanted: wanted)) }
    do {
      let tensor = try file.tensor(key)
      guard isMatrix else { return .success(tensor) }
      matrices[name] = QuantizedMatrix(precision, rows: shape[0], columns: shape[1], bytes: tensor)
      return .success(Tensor.zeros([1, 1]).expanded(shape[0], shape[1]))
    } catch {
      return .failure(.unusable(key: key, reason: "cannot be read: \(error)"))
    }
  }
}
