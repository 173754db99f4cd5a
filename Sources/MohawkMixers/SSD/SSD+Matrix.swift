import MohawkTensor

extension SSD {
  /// The matrix L ∘ (C Bᵀ), without skip: [batch, heads, length, length].
  public static func matrix(b: Tensor, c: Tensor, logDecay: Tensor) -> Tensor {
    let heads = logDecay.size(2)
    let scores = headsFirst(c, heads: heads).matmul(headsFirst(b, heads: heads).transposed())
    let decays = decayMatrix(logDecay.transposed(1, 2).cumulativeSum(-1))
    return scores * decays.to(scores.dtype)
  }

  /// L from cumulative log-decays [.., length]: exp(s_i − s_j) for i ≥ j, exactly 0 above the diagonal.
  ///
  /// Clamping and masking are hidden from the gradient graph: the gradient of exp is the gradient times its stored
  /// result, which is 0 above the diagonal and next to 0 where the clamp acted.
  static func decayMatrix(_ cumulative: Tensor) -> Tensor {
    let length = cumulative.size(-1)
    let differences = cumulative.unsqueezed(-1) - cumulative.unsqueezed(-2)
    withoutGradients {
      differences.addInPlace(mask(length, differences.dtype, differences.device))
      differences.clampInPlace(min: smallestLogDecay)
    }
    let decays = differences.exp()
    withoutGradients { decays.hidden().lowerTriangleInPlace() }
    return decays
  }

  /// 0 on and below the diagonal, far below any logarithm above it.
  private static func mask(_ length: Int, _ dtype: DType, _ device: Device) -> Tensor {
    Tensor.full([length, length], -1e30, dtype, on: device).upperTriangle(1)
  }
}
