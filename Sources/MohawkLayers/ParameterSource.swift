import Foundation
import MohawkTensor

/// How a fresh parameter is drawn.
public enum Initial: Sendable {
  /// Every element 0, or 1.
  case zeros, ones
  /// Every element this number.
  case constant(Double)
  /// Normal with mean 0 and this deviation.
  case normal(Double)
  /// Uniform in ± the bound.
  case uniform(Double)
  /// Depth-wise taps [channels, 1, width]: the last one 1, the others 0.
  case identityTaps
  /// The logarithm of a number uniform between the bounds.
  case logarithmOfUniform(Double, Double)
  /// The logarithms of 1, 2, 3 … along the last dimension.
  case logarithmsOfCounting
  /// What softplus makes a number whose logarithm is uniform between those of the bounds, both above 0.
  case inverseSoftplusOfLogUniform(Double, Double)
}

/// Where parameters come from: a generator, a checkpoint, another model.
public protocol ParameterSource {
  /// The values of a parameter, in the shape that is asked for, or why it cannot be had.
  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault>
}

/// What a layer asks for.
public struct ParameterRequest: Sendable {
  /// The full name.
  public let name: String
  /// The shape that the layer needs.
  public let shape: [Int]
  /// How to draw it, for a source that draws.
  public let initial: Initial
  /// What it is to training and decoding.
  public let traits: ParameterTraits

  /// Asks for a parameter.
  public init(_ name: String, _ shape: [Int], _ initial: Initial = .zeros, _ traits: ParameterTraits = []) {
    self.name = name
    self.shape = shape
    self.initial = initial
    self.traits = traits
  }
}

/// Why one parameter could not be had.
public enum ParameterFault: Error, Hashable, CustomStringConvertible {
  /// The source has nothing of this name.
  case missing(key: String)
  /// The source has it in another shape.
  case misshapen(key: String, found: [Int], wanted: [Int])
  /// The source has it, but not as numbers to compute with.
  case unusable(key: String, reason: String)

  public var description: String {
    switch self {
    case .missing(let key): "\(key) is missing"
    case .misshapen(let key, let found, let wanted): "\(key) has shape \(found) where \(wanted) is needed"
    case .unusable(let key, let reason): "\(key) \(reason)"
    }
  }
}

/// Draws every parameter from a seeded generator.
public struct DrawnParameters: ParameterSource {
  let generator: RandomGenerator
  let dtype: DType

  /// - Parameters:
  ///   - generator: what draws; its device is that of the parameters.
  ///   - dtype: of the parameters; fp64 for tests that compare closely.
  public init(_ generator: RandomGenerator, _ dtype: DType = .float32) {
    self.generator = generator
    self.dtype = dtype
  }

  public func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (shape, device) = (request.shape, generator.device)
    switch request.initial {
    case .zeros: return .success(.zeros(shape, dtype, on: device))
    case .ones: return .success(.ones(shape, dtype, on: device))
    case .constant(let value): return .success(.full(shape, value, dtype, on: device))
    case .normal(let deviation): return .success(generator.normal(shape, dtype) * deviation)
    case .uniform(let bound): return .success((generator.uniform(shape, dtype) * 2 - 1) * bound)
    case .identityTaps:
      let taps = Tensor.zeros(shape, dtype, on: device)
      taps.selected(-1, shape.last! - 1).fill(1)
      return .success(taps)
    case .logarithmOfUniform(let low, let high):
      return .success((generator.uniform(shape, dtype) * (high - low) + low).log())
    case .logarithmsOfCounting:
      return .success(.zeros(shape, dtype, on: device) + Tensor.range(1, shape.last! + 1, dtype, on: device).log())
    case .inverseSoftplusOfLogUniform(let low, let high):
      let numbers = (generator.uniform(shape, .float64) * log(high / low) + log(low)).exp()
      // log(e^s − 1) = s + log(1 − e^−s), which does not overflow.
      return .success((numbers + (1 - (-numbers).exp()).log()).to(dtype))
    }
  }
}
