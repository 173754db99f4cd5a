import MohawkTensor

/// Structured state-space duality (Dao and Gu 2024): y = (L ∘ C Bᵀ) x with L_ij = a_i a_{i−1} … a_{j+1} for i ≥ j.
///
/// The same map in four forms without parameters: as `matrix` (the definition), as `recurrence` (the oracle, token by
/// token), as `chunks` (the way to train) and as `step` (the way to generate).
///
/// Shapes: values x `[batch, length, heads, headDim]`; b, c `[batch, length, qkHeads, stateDim]`;
/// logDecay = log a ≤ 0 `[batch, length, heads]`, fp32 or wider; states `[batch, heads, headDim, stateDim]`, in the type
/// of logDecay. `heads` is a multiple of `qkHeads`; head i uses b and c of head i / (heads / qkHeads).
public enum SSD {
  /// exp below this is taken as exp of this: 2·10⁻³⁵ beside numbers near 1, and MKL's exp is many times slower below.
  static let smallestLogDecay = -80.0

  /// [batch, length, qkHeads, n] to [batch, heads, length, n].
  static func headsFirst(_ x: Tensor, heads: Int) -> Tensor {
    let repeats = heads / x.size(2)
    precondition(x.size(2) * repeats == heads, "\(heads) heads are no multiple of \(x.size(2)) B and C heads")
    return x.transposed(1, 2).repeatedEach(repeats, 1)
  }
}
