import MohawkTensor

extension SelectiveScan {
  /// The matrix of each channel, [batch, channels, length, length]: Σ_n c_i[n] b_j[n] exp(A[n] (Δ_{j+1} + … + Δ_i)) Δ_j.
  ///
  /// There are as many matrices as channels, so it is for small sizes.
  public static func matrix(b: Tensor, c: Tensor, steps: Tensor, rates: Tensor) -> Tensor {
    let wide = rates.dtype
    let times = steps.transposed(1, 2)
    let elapsed = times.cumulativeSum(-1)
    var sum: Tensor?
    for n in 0..<rates.size(1) {
      let scores = c.selected(2, n).to(wide).unsqueezed(-1) * b.selected(2, n).to(wide).unsqueezed(-2)
      let decays = SSD.decayMatrix(elapsed * rates.selected(1, n).unsqueezed(-1))
      let term = decays * scores.unsqueezed(1)
      sum = sum.map { $0 + term } ?? term
    }
    guard let sum else { preconditionFailure("a selective scan without state") }
    return sum * times.unsqueezed(-2)
  }
}
