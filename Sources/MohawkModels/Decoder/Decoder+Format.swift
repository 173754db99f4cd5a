import MohawkLayers
import MohawkTensor

extension Decoder {
  /// The same parameters in a model that another format describes.
  /// - Parameter configuration: the same geometry, but for the format.
  public func described(by configuration: DecoderConfiguration) -> Decoder {
    let build = ParameterBuild(SharedParameters(parameters))
    return Decoder(configuration, build, compute: compute, on: parameters.all[0].value.device)
  }
}

/// The very tensors of another model.
private struct SharedParameters: ParameterSource {
  let parameters: ParameterList

  init(_ parameters: ParameterList) { self.parameters = parameters }

  func value(_ name: String, shape: [Int], initial: Initial) -> Result<Tensor, ParameterFault> {
    guard let parameter = parameters[name] else { return .failure(.missing(key: name)) }
    guard parameter.value.shape == shape else {
      return .failure(.misshapen(key: name, found: parameter.value.shape, wanted: shape))
    }
    return .success(parameter.value)
  }
}
