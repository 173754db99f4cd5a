import MohawkLayers
import MohawkTensor

extension Decoder {
  /// The same parameters in a model that another configuration describes.
  /// - Parameter configuration: of another format, or of fewer layers; what it needs, this model has.
  public func described(by configuration: DecoderConfiguration) -> Decoder {
    let build = ParameterBuild(SharedParameters(parameters: parameters))
    return Decoder(configuration, build, compute: compute, on: parameters.all[0].value.device)
  }
}

/// The very tensors of another model.
private struct SharedParameters: ParameterSource {
  let parameters: ParameterList

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    guard let parameter = parameters[request.name] else { return .failure(.missing(key: request.name)) }
    guard parameter.value.shape == request.shape else {
      return .failure(.misshapen(key: request.name, found: parameter.value.shape, wanted: request.shape))
    }
    return .success(parameter.value)
  }
}
