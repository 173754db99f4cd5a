import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkTensor
import MohawkWeights

extension QuantizedDecoder {
  /// Opens a model and rounds each matrix as soon as it is read, so that the floating-point numbers of one matrix are in
  /// memory at a time.
  /// - Parameters:
  ///   - path: a folder with a model of floating-point numbers, or a GGUF file.
  ///   - precision: of the matrices.
  /// - Throws: `MohawkError` when the model cannot be opened.
  public static func rounding(_ path: String, _ precision: WeightPrecision) throws -> QuantizedDecoder {
    let (configuration, store) = try DecoderConfiguration.withWeights(path)
    try requireNative(configuration, at: path)
    let stored = try Decoder.storedParameters(of: configuration, store, dtype: nil)
    let source = RoundingParameters(stored, precision, of: configuration)
    let model = try Decoder.open(configuration, source, at: store.path)
    model.freeze()
    return QuantizedDecoder(model, precision, source.matrices)
  }
}

/// Rounds the matrices of a checkpoint as they are read. They come as tensors that have a shape and one number.
private final class RoundingParameters: StoredParameters {
  private let stored: any StoredParameters
  private let precision: WeightPrecision
  private let model: DecoderConfiguration
  private(set) var matrices: [String: QuantizedMatrix] = [:]

  init(_ stored: any StoredParameters, _ precision: WeightPrecision, of model: DecoderConfiguration) {
    self.stored = stored
    self.precision = precision
    self.model = model
  }

  var names: [String] { stored.names }
  func unused(by parameters: ParameterList) -> UnusedTensors { stored.unused(by: parameters) }

  func value(_ name: String, shape: [Int], initial: Initial) -> Result<Tensor, ParameterFault> {
    let value = stored.value(name, shape: shape, initial: initial)
    guard QuantizedDecoder.isMatrix(name, shape, of: model), case .success(let matrix) = value else { return value }
    matrices[name] = QuantizedMatrix(matrix, precision)
    // Its type is that of the numbers that were read, which says in what the layers compute.
    return .success(Tensor.zeros([1, 1], matrix.dtype).expanded(shape[0], shape[1]))
  }
}
