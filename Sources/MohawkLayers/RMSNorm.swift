import MohawkTensor

/// Unit mean square over the last dimension, then scale (Zhang and Sennrich 2019). Computed in the weights' type.
public struct RMSNorm {
  /// [width]
  public let weight: Tensor
  /// Added to the mean square before the root.
  public let epsilon: Double

  /// Asks for `weight`; a fresh one is 1.
  public init(_ width: Int, epsilon: Double, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [width], .ones)
    self.epsilon = epsilon
  }

  /// [.., width] to the same, in `dtype`, by default the type of the weights.
  public func callAsFunction(_ x: Tensor, as dtype: DType? = nil) -> Tensor {
    x.rmsNorm(weight, epsilon: epsilon, as: dtype)
  }
}
