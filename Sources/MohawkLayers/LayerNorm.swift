import MohawkTensor

/// Zero mean and unit variance over the last dimension, then scale and shift. Computed in the weights' type.
public struct LayerNorm {
  /// [width]
  public let weight: Tensor
  /// [width]
  public let bias: Tensor
  /// Added to the variance before the root.
  public let epsilon: Double

  /// Asks for `weight` and `bias`; fresh ones are 1 and 0.
  public init(_ width: Int, epsilon: Double, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [width], .ones)
    bias = scope.parameter("bias", [width], .zeros)
    self.epsilon = epsilon
  }

  /// [.., width] to the same, in `dtype`, by default the type of the weights.
  public func callAsFunction(_ x: Tensor, as dtype: DType? = nil) -> Tensor {
    x.layerNorm(weight, bias, epsilon: epsilon, as: dtype)
  }
}
