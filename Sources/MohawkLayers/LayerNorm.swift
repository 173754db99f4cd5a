import MohawkTensor

/// Zero mean and unit variance over the last dimension, then scale and shift. Computed in the weights' type.
public struct LayerNorm {
  /// [width]
  public let weight: Tensor
  /// [width]
  public let bias: Tensor
  public let epsilon: Double

  public init(_ width: Int, epsilon: Double, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [width], .ones)
    bias = scope.parameter("bias", [width], .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.to(weight.dtype).layerNorm(weight, bias, epsilon: epsilon)
  }
}
