import MohawkTensor

/// The norm before a Mamba-2 mixer's output projection: x · SiLU(gate) at unit mean square within each group of
/// channels, then scale (Dao and Gu 2024). Computed in the weights' type.
public struct GatedRMSNorm {
  /// [width]
  public let weight: Tensor
  /// How many groups of neighbouring channels are normalised on their own.
  public let groups: Int
  /// Added to the mean square before the root.
  public let epsilon: Double

  /// Asks for `weight`; a fresh one is 1. `width` must be a multiple of `groups`.
  public init(_ width: Int, groups: Int = 1, epsilon: Double, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [width], .ones)
    self.groups = groups
    self.epsilon = epsilon
  }

  /// x and gate [.., width] to the same, in `dtype`, by default the type of the weights.
  public func callAsFunction(_ x: Tensor, gate: Tensor, as dtype: DType? = nil) -> Tensor {
    let isPlain =
      Kernel.gatedNorm.takes(x) && x.dtype == gate.dtype && Kernel.gatedNorm.takes(dtype ?? weight.dtype)
    if isPlain && !gradientsAreRecorded {
      return x.gatedRMSNorm(gate: gate, weight, groups: groups, epsilon: epsilon, as: dtype)
    }
    return normalised(x, gate: gate).to(dtype ?? weight.dtype)
  }

  /// The same in operations of libtorch, with gradients.
  private func normalised(_ x: Tensor, gate: Tensor) -> Tensor {
    let gated = x.to(weight.dtype) * gate.to(weight.dtype).silu()
    let parts = gated.reshaped(x.shape.dropLast() + [groups, x.size(-1) / groups])
    let scale = (parts.square().mean(over: -1, keep: true) + epsilon).rsqrt()
    return (parts * scale).reshaped(x.shape) * weight
  }
}
