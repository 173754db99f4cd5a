import MohawkTensor

/// States whose channels of keys each forget at a rate of their own.
///
/// S_t = Diag(a_t) S_{t−1} + k_t v_tᵀ, y_t = S_tᵀ q_t: gated linear attention (Yang et al. 2023). With rates β of writing the
/// delta rule stands between: S_t = (I − β_t k_t k_tᵀ) Diag(a_t) S_{t−1} + β_t k_t v_tᵀ, Kimi Delta Attention (Kimi Team
/// 2025). The same map in four forms without parameters: as `recurrence` (the oracle, token by token), as `matrix`, as
/// `chunks` (the way to train) and as `step` (the way to generate).
///
/// Shapes: values v `[batch, length, heads, headDim]`; queries q and keys k `[batch, length, qkHeads, stateDim]`; β, nil
/// without the delta rule, `[batch, length, heads]`; logDecay = log a ≤ 0 `[batch, length, heads, stateDim]`, fp32 or wider;
/// states `[batch, heads, stateDim, headDim]`, in the type of logDecay, in which everything is computed. `heads` is a
/// multiple of `qkHeads`; head i uses q and k of head i / (heads / qkHeads).
public enum ChannelDecay {
  /// One token.
  /// - Parameters:
  ///   - q: [batch, qkHeads, stateDim]
  ///   - k: [batch, qkHeads, stateDim]
  ///   - v: [batch, heads, headDim]
  ///   - beta: β, [batch, heads]; nil adds k vᵀ to the state.
  ///   - logDecay: [batch, heads, stateDim]
  ///   - state: [batch, heads, stateDim, headDim]
  /// - Returns: y [batch, heads, headDim] in the type of v, and the next state.
  public static func step(q: Tensor, k: Tensor, v: Tensor, beta: Tensor?, logDecay: Tensor, state: Tensor) -> (
    y: Tensor, state: Tensor
  ) {
    let (repeats, wide) = (v.size(1) / k.size(1), state.dtype)
    let key = k.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    let kept = state * logDecay.exp().unsqueezed(-1)
    var change = v.to(wide)
    if let beta { change = (change - kept.transposed().matmul(key).squeezed(-1)) * beta.unsqueezed(-1) }
    let next = kept + key * change.unsqueezed(-2)
    let query = q.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    return (next.transposed().matmul(query).squeezed(-1).to(v.dtype), next)
  }

  /// The whole sequence token by token: slow and obvious, the oracle of the other forms.
  /// - Returns: y [batch, length, heads, headDim] and the last state.
  public static func recurrence(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor?, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(v: v, logDecay: logDecay)
    var rows: [Tensor] = []
    for t in 0..<v.size(1) {
      let (y, next) = step(
        q: q.selected(1, t), k: k.selected(1, t), v: v.selected(1, t), beta: beta?.selected(1, t),
        logDecay: logDecay.selected(1, t), state: state)
      rows.append(y)
      state = next
    }
    return (rows.isEmpty ? v : .stacked(rows, 1), state)
  }

  /// The matrix, [batch, heads, length, length]: what the chunks make of unit vectors as values.
  public static func matrix(q: Tensor, k: Tensor, beta: Tensor?, logDecay: Tensor) -> Tensor {
    let (batch, length, heads) = (logDecay.size(0), logDecay.size(1), logDecay.size(2))
    let units = Tensor.ones([length, length], logDecay.dtype, on: logDecay.device).lowerTriangle().upperTriangle()
    let values = units.reshaped(1, length, 1, length).expanded(batch, length, heads, length)
    return chunks(q: q, k: k, v: values, beta: beta, logDecay: logDecay).y.transposed(1, 2)
  }

  /// The state before the first token.
  static func emptyState(v: Tensor, logDecay: Tensor) -> Tensor {
    .zeros([v.size(0), v.size(2), logDecay.size(3), v.size(3)], logDecay.dtype, on: v.device)
  }
}
