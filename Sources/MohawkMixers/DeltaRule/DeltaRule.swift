import MohawkTensor

/// The gated delta rule (Yang, Kautz and Hatamizadeh 2024): a state that forgets, and that replaces what it holds under a
/// key instead of adding to it.
///
/// S_t = a_t (I − β_t k_t k_tᵀ) S_{t−1} + β_t k_t v_tᵀ, y_t = S_tᵀ q_t. The same map in four forms without parameters: as
/// `matrix` (by the algebra of chunks), as `recurrence` (the oracle, token by token), as `chunks` (the way to train) and as
/// `step` (the way to generate).
///
/// Shapes: values v `[batch, length, heads, headDim]`; queries q and keys k `[batch, length, qkHeads, stateDim]`, keys of
/// at most unit length; rates β of writing, from 0 to 1, and logDecay = log a ≤ 0 `[batch, length, heads]`, fp32 or wider;
/// states `[batch, heads, stateDim, headDim]`, in the type of logDecay, in which everything is computed. `heads` is a
/// multiple of `qkHeads`; head i uses q and k of head i / (heads / qkHeads).
public enum DeltaRule {
  /// One token.
  /// - Parameters:
  ///   - q: [batch, qkHeads, stateDim]
  ///   - k: [batch, qkHeads, stateDim]
  ///   - v: [batch, heads, headDim]
  ///   - beta: β, [batch, heads]
  ///   - logDecay: [batch, heads]
  ///   - state: [batch, heads, stateDim, headDim]
  /// - Returns: y [batch, heads, headDim] in the type of v, and the next state.
  public static func step(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, logDecay: Tensor, state: Tensor) -> (
    y: Tensor, state: Tensor
  ) {
    let (repeats, wide) = (v.size(1) / k.size(1), state.dtype)
    let key = k.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    let kept = state * logDecay.exp().unsqueezed(-1).unsqueezed(-1)
    let known = kept.transposed().matmul(key).squeezed(-1)
    let change = (v.to(wide) - known) * beta.unsqueezed(-1)
    let next = kept + key * change.unsqueezed(-2)
    let query = q.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    return (next.transposed().matmul(query).squeezed(-1).to(v.dtype), next)
  }

  /// The whole sequence token by token: slow and obvious, the oracle of the other forms.
  /// - Returns: y [batch, length, heads, headDim] and the last state.
  public static func recurrence(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(k: k, v: v, logDecay: logDecay)
    var rows: [Tensor] = []
    for t in 0..<v.size(1) {
      let (y, next) = step(
        q: q.selected(1, t), k: k.selected(1, t), v: v.selected(1, t), beta: beta.selected(1, t),
        logDecay: logDecay.selected(1, t), state: state)
      rows.append(y)
      state = next
    }
    return (rows.isEmpty ? v : .stacked(rows, 1), state)
  }

  /// The state before the first token.
  static func emptyState(k: Tensor, v: Tensor, logDecay: Tensor) -> Tensor {
    .zeros([v.size(0), v.size(2), k.size(3), v.size(3)], logDecay.dtype, on: v.device)
  }
}
