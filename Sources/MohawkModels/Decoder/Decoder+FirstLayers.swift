import MohawkLayers
import MohawkTensor

extension Decoder {
  /// A model of the first layers of this one, with its embedding, final norm and head. It shares the weights.
  /// - Parameter count: from 1 to the number of layers.
  public func firstLayers(_ count: Int) -> Decoder {
    precondition((1...configuration.mixers.count).contains(count), "\(count) of \(configuration.mixers.count) layers")
    var shape = configuration
    shape.mixers = Array(configuration.mixers.prefix(count))
    let source = SharedParameters(parameters: parameters)
    return Decoder(shape, ParameterBuild(source), compute: compute, on: parameters.all[0].value.device)
  }
}

/// Gives the parameters of another model.
private struct SharedParameters: ParameterSource {
  let parameters: ParameterList

  func value(_ name: String, shape: [Int], initial: Initial) -> Result<Tensor, ParameterFault> {
    guard let parameter = parameters[name] else { preconditionFailure("the model has no parameter \(name)") }
    return .success(parameter.value)
  }
}
