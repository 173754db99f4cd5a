import MohawkTensor

extension SSD {
  /// One token: h ← a h + x bᵀ, y = h c.
  /// - Parameters:
  ///   - x: [batch, heads, headDim]
  ///   - b: [batch, qkHeads, stateDim]
  ///   - c: [batch, qkHeads, stateDim]
  ///   - logDecay: [batch, heads]
  ///   - state: [batch, heads, headDim, stateDim]
  /// - Returns: y [batch, heads, headDim] in the type of x, and the next state.
  public static func step(x: Tensor, b: Tensor, c: Tensor, logDecay: Tensor, state: Tensor) -> (
    y: Tensor, state: Tensor
  ) {
    let repeats = x.size(1) / b.size(1)
    let wide = state.dtype
    let input = x.to(wide).unsqueezed(-1) * b.repeatedEach(repeats, 1).to(wide).unsqueezed(-2)
    let decayed = state * logDecay.exp().unsqueezed(-1).unsqueezed(-1)
    let next = decayed + input
    let y = next.matmul(c.repeatedEach(repeats, 1).to(wide).unsqueezed(-1)).squeezed(-1)
    return (y.to(x.dtype), next)
  }

  /// The whole sequence token by token: slow and obvious, the oracle of the other forms.
  /// - Returns: y [batch, length, heads, headDim] and the last state.
  public static func recurrence(
    x: Tensor, b: Tensor, c: Tensor, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(x: x, b: b, logDecay: logDecay)
    var rows: [Tensor] = []
    for t in 0..<x.size(1) {
      let (y, next) = step(
        x: x.selected(1, t), b: b.selected(1, t), c: c.selected(1, t), logDecay: logDecay.selected(1, t), state: state)
      rows.append(y)
      state = next
    }
    return (rows.isEmpty ? x : .stacked(rows, 1), state)
  }

  /// The state before the first token.
  static func emptyState(x: Tensor, b: Tensor, logDecay: Tensor) -> Tensor {
    .zeros([x.size(0), x.size(2), x.size(3), b.size(3)], logDecay.dtype, on: x.device)
  }
}
