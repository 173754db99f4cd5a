import MohawkLayers
import MohawkTensor

extension Decoder {
  /// A model whose parameters have names, shapes and next to no memory, however large it is: to be counted, not to compute
  /// with.
  public static func hollow(_ configuration: DecoderConfiguration) -> Decoder {
    Decoder(configuration, ParameterBuild(HollowParameters()))
  }
}

/// Gives every parameter one zero that stands for all its elements.
private struct HollowParameters: ParameterSource {
  private let zero = Tensor.zeros([])

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let shape = request.shape
    return switch shape.count {
    case 0: .success(zero)
    case 1: .success(zero.expanded(shape[0]))
    case 2: .success(zero.expanded(shape[0], shape[1]))
    case 3: .success(zero.expanded(shape[0], shape[1], shape[2]))
    default: .failure(.unusable(key: request.name, reason: "has \(shape.count) dimensions"))
    }
  }
}
