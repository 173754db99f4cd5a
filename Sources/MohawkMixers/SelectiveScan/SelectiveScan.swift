import MohawkTensor

/// The selective scan (Gu and Dao 2023): every channel has a state of its own, whose elements decay at rates of their
/// own, while all channels share b and c.
///
/// h_t = exp(Δ_t A) ⊙ h_{t−1} + Δ_t x_t b_tᵀ, y_t = h_t c_t. The same map in four forms without parameters: as `matrix`
/// (the definition), as `recurrence` (the oracle), as `blocks` (for whole sequences) and as `step` (to generate).
///
/// Shapes: values x and step sizes Δ ≥ 0 `[batch, length, channels]`; b, c `[batch, length, stateDim]`; rates A ≤ 0
/// `[channels, stateDim]`; states `[batch, channels, stateDim]`. Δ, A and states are fp32 or wider, and what is computed
/// has their type.
public enum SelectiveScan {
  /// One token.
  /// - Parameters:
  ///   - x: [batch, channels]
  ///   - b: [batch, stateDim]
  ///   - c: [batch, stateDim]
  ///   - steps: Δ, [batch, channels]
  ///   - rates: A, [channels, stateDim]
  ///   - state: [batch, channels, stateDim]
  /// - Returns: y [batch, channels] and the next state.
  public static func step(x: Tensor, b: Tensor, c: Tensor, steps: Tensor, rates: Tensor, state: Tensor) -> (
    y: Tensor, state: Tensor
  ) {
    let wide = state.dtype
    let input = (x.to(wide) * steps).unsqueezed(-1) * b.to(wide).unsqueezed(-2)
    let next = state * (steps.unsqueezed(-1) * rates).exp() + input
    return (next.matmul(c.to(wide).unsqueezed(-1)).squeezed(-1), next)
  }

  /// The whole sequence token by token: slow and obvious, the oracle of the other forms.
  /// - Returns: y [batch, length, channels] and the last state.
  public static func recurrence(
    x: Tensor, b: Tensor, c: Tensor, steps: Tensor, rates: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(batch: x.size(0), rates)
    var rows: [Tensor] = []
    for t in 0..<x.size(1) {
      let (y, next) = step(
        x: x.selected(1, t), b: b.selected(1, t), c: c.selected(1, t), steps: steps.selected(1, t), rates: rates,
        state: state)
      rows.append(y)
      state = next
    }
    return (rows.isEmpty ? x.to(rates.dtype) : .stacked(rows, 1), state)
  }

  /// The state before the first token.
  static func emptyState(batch: Int, _ rates: Tensor) -> Tensor {
    .zeros([batch, rates.size(0), rates.size(1)], rates.dtype, on: rates.device)
  }
}
