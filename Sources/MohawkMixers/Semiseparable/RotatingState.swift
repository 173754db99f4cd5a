import MohawkTensor

/// States that every token rotates, lets fade and adds to: the recurrence behind every semiseparable matrix whose transitions
/// do not grow.
///
/// S_t = Diag(a_t) Q_t S_{t−1} + k_t v_tᵀ, y_t = S_tᵀ q_t, with Q_t orthogonal: the product of reflections
/// I − 2 n nᵀ / (|n|² + ε). A recurrence with any transitions A_t of norm 1 at most is of this kind in other bases of its
/// states: with A_t = U_t Σ_t V_tᵀ the states U_tᵀ S_t have transitions Σ_t (V_tᵀ U_{t−1}). `stateDim` reflections reach
/// every Q; fewer rotate fewer directions at a time. The same map in four forms without parameters: as `recurrence` (the
/// oracle, token by token), as `matrix`, as `chunks` (the way to train) and as `step` (the way to generate).
///
/// Shapes: values v `[batch, length, heads, headDim]`; queries q and keys k `[batch, length, qkHeads, stateDim]`; normals n
/// `[batch, length, heads, reflections, stateDim]`, the first reflects first, of any length, 0 reflects nothing; logDecay =
/// log a ≤ 0 `[batch, length, heads, stateDim]`, fp32 or wider; states `[batch, heads, stateDim, headDim]`, in the type of
/// logDecay, in which everything is computed. `heads` is a multiple of `qkHeads`; head i uses q and k of head
/// i / (heads / qkHeads).
public enum RotatingState {
  /// ε: beside normals of length 1 it is nothing, and keeps gradients finite where a normal is 0.
  static let epsilon = 1e-20

  /// Normals of length 1.
  static func units(_ normals: Tensor) -> Tensor {
    normals * (normals.square().sum(over: -1, keep: true) + epsilon).rsqrt()
  }

  /// The states reflected, one reflection after the other.
  /// - Parameters:
  ///   - state: [.., stateDim, columns]
  ///   - units: [.., reflections, stateDim]
  static func rotated(_ state: Tensor, _ units: Tensor) -> Tensor {
    var state = state
    for index in 0..<units.size(-2) {
      let normal = units.narrowed(-2, from: index, length: 1)
      state = state - (normal.transposed() * 2) * normal.matmul(state)
    }
    return state
  }

  /// One token.
  /// - Parameters:
  ///   - q: [batch, qkHeads, stateDim]
  ///   - k: [batch, qkHeads, stateDim]
  ///   - v: [batch, heads, headDim]
  ///   - normals: [batch, heads, reflections, stateDim]
  ///   - logDecay: [batch, heads, stateDim]
  ///   - state: [batch, heads, stateDim, headDim]
  /// - Returns: y [batch, heads, headDim] in the type of v, and the next state.
  public static func step(q: Tensor, k: Tensor, v: Tensor, normals: Tensor, logDecay: Tensor, state: Tensor) -> (
    y: Tensor, state: Tensor
  ) {
    let (repeats, wide) = (v.size(1) / k.size(1), state.dtype)
    let key = k.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    let kept = rotated(state, units(normals.to(wide))) * logDecay.exp().unsqueezed(-1)
    let next = kept + key * v.to(wide).unsqueezed(-2)
    let query = q.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)
    return (next.transposed().matmul(query).squeezed(-1).to(v.dtype), next)
  }

  /// The whole sequence token by token: slow and obvious, the oracle of the other forms.
  /// - Returns: y [batch, length, heads, headDim] and the last state.
  public static func recurrence(
    q: Tensor, k: Tensor, v: Tensor, normals: Tensor, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(v: v, logDecay: logDecay)
    var rows: [Tensor] = []
    for t in 0..<v.size(1) {
      let (y, next) = step(
        q: q.selected(1, t), k: k.selected(1, t), v: v.selected(1, t), normals: normals.selected(1, t),
        logDecay: logDecay.selected(1, t), state: state)
      rows.append(y)
      state = next
    }
    return (rows.isEmpty ? v : .stacked(rows, 1), state)
  }

  /// The state before the first token.
  static func emptyState(v: Tensor, logDecay: Tensor) -> Tensor {
    .zeros([v.size(0), v.size(2), logDecay.size(3), v.size(3)], logDecay.dtype, on: v.device)
  }
}
