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
    let source = RoundingParameters(stored, precision)
    let model = try Decoder.open(configuration, source, at: store.path)
    model.freeze()
    return QuantizedDecoder(model, precision, source.matrices)
  }
}

/// Rounds the matrices of a checkpoint as they are read. They come as tensors that have a shape and one number.
private final class RoundingParameters: StoredParameters {
  private let stored: any StoredParameters
  private let precision: WeightPrecision
  private(set) var matrices: [String: QuantizedMatrix] = [:]

  init(_ stored: any StoredParameters, _ precision: WeightPrecision) {
    self.stored = stored
    self.precision = precision
  }

  var names: [String] { stored.names }
  func unused(by parameters: ParameterList) -> UnusedTensors { stored.unused(by: parameters) }

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (value, shape) = (stored.value(request), request.shape)
    guard request.traits.allowRounding(shape), case .success(let matrix) = value else { return value }
    matrices[request.name] = QuantizedMatrix(matrix, precision)
    // Its type is that of the numbers that were read, which says in what the layers compute.
    return .success(Tensor.zeros([1, 1], matrix.dtype).expanded(shape[0], shape[1]))
  }
}
