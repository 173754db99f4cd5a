import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkTensor

/// A model whose matrices are kept in the form in which decoding reads them.
///
/// Embedding, projections and head are matrices; convolutions, norms, biases, the projections that give decays and step
/// sizes, and learned positions stay floating-point numbers.
public final class QuantizedDecoder {
  /// The model. Its matrices hold numbers only when it was rounded in memory; those of a folder have a shape alone.
  public let model: Decoder
  /// How the matrices are kept.
  public let precision: WeightPrecision
  /// By the name of the parameter.
  public let matrices: [String: QuantizedMatrix]
  private let names: [ObjectIdentifier: String]

  init(_ model: Decoder, _ precision: WeightPrecision, _ matrices: [String: QuantizedMatrix]) {
    self.model = model
    self.precision = precision
    self.matrices = matrices
    names = model.parameters.all.reduce(into: [:]) { names, parameter in
      if matrices[parameter.name] != nil { names[ObjectIdentifier(parameter.value)] = parameter.name }
    }
  }

  /// Rounds the matrices of a model.
  /// - Parameters:
  ///   - model: on the CPU.
  ///   - precision: of the matrices.
  ///   - importance: how much the errors of each column's weights count, by the parameter's name: see
  ///     ``Calibration``. All the same where there is none.
  public convenience init(
    _ model: Decoder, _ precision: WeightPrecision, importance: [String: [Float]] = [:]
  ) {
    let matrices = model.parameters.all.filter(Self.rounds).map {
      ($0.name, QuantizedMatrix($0.value, precision, importance: importance[$0.name]))
    }
    self.init(model, precision, Dictionary(uniqueKeysWithValues: matrices))
  }

  /// Whether a parameter is kept at the precision of the matrices.
  static func rounds(_ parameter: Parameter) -> Bool { parameter.traits.allowRounding(parameter.value.shape) }

  /// Refuses models that only libtorch decodes, which has no products with rounded matrices.
  /// - Parameters:
  ///   - model: what is to be rounded.
  ///   - location: where it is.
  public static func requireNative(_ model: DecoderConfiguration, at location: String) throws {
    guard let part = model.partsWithoutNativeSteps.first else { return }
    throw MohawkError(
      .unsupported,
      "int8 and int4 are for mixers that the native decoder knows, and it has no steps for \(part)",
      at: location, remedy: "leave --weights out, or use f32 or bf16")
  }

  /// The matrix that is used instead of this parameter of the model; nil for what stays as it is.
  package func matrix(of parameter: Tensor) -> QuantizedMatrix? {
    names[ObjectIdentifier(parameter)].flatMap { matrices[$0] }
  }

  /// Bytes of all weights.
  public var byteCount: Int {
    model.parameters.all.reduce(0) { $0 + (matrices[$1.name]?.bytes.count ?? $1.value.byteCount) }
  }

  /// A model of floating-point numbers with the rounded weights, fp32.
  public func dequantized() throws -> Decoder {
    let build = ParameterBuild(QuantizedParameters(matrices: matrices, model: model))
    let decoder = Decoder(model.configuration, build)
    try build.finish()
    return decoder
  }
}

/// The parameters of a rounded model, as floating-point numbers.
private struct QuantizedParameters: ParameterSource {
  let matrices: [String: QuantizedMatrix]
  let model: Decoder

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    if let matrix = matrices[request.name] { return .success(matrix.dequantized()) }
    guard let parameter = model.parameters[request.name] else { return .failure(.missing(key: request.name)) }
    return .success(withoutGradients { parameter.value.detached().to(.float32) })
  }
}
