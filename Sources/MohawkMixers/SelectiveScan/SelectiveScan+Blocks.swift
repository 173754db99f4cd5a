import MohawkTensor

extension SelectiveScan {
  /// The whole sequence in blocks: decays and inputs of a block at once, then its states one after another, then its
  /// outputs at once.
  ///
  /// Without gradients only one block's states exist at a time, [batch, block, channels, stateDim]. The gradient graph
  /// keeps about four such tensors for every block.
  /// - Parameters:
  ///   - x: [batch, length, channels]
  ///   - b: [batch, length, stateDim]
  ///   - c: [batch, length, stateDim]
  ///   - steps: Δ, [batch, length, channels]
  ///   - rates: A, [channels, stateDim]
  ///   - block: tokens per block; the length need not be a multiple.
  ///   - state: the state before the first token; zeros when nil.
  /// - Returns: y [batch, length, channels] and the last state.
  public static func blocks(
    x: Tensor, b: Tensor, c: Tensor, steps: Tensor, rates: Tensor, block: Int, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var state = state ?? emptyState(batch: x.size(0), rates)
    let length = x.size(1)
    if length == 0 { return (x.to(rates.dtype), state) }
    let inputs = x.to(rates.dtype) * steps
    var outputs: [Tensor] = []
    for start in stride(from: 0, to: length, by: block) {
      let count = min(block, length - start)
      func part(_ tensor: Tensor) -> Tensor { tensor.narrowed(1, from: start, length: count) }
      let decays = SSD.safeExp(part(steps).unsqueezed(-1) * rates)
      let added = part(inputs).unsqueezed(-1) * part(b).to(rates.dtype).unsqueezed(-2)
      var states: [Tensor] = []
      for t in 0..<count {
        let kept = state * decays.selected(1, t)
        state = kept + added.selected(1, t)
        states.append(state)
      }
      outputs.append(Tensor.stacked(states, 1).matmul(part(c).to(rates.dtype).unsqueezed(-1)).squeezed(-1))
    }
    return (.concatenated(outputs, 1), state)
  }
}
