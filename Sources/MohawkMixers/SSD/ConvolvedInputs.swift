import MohawkLayers
import MohawkTensor

/// The convolutions, without activation, that x and B and C pass before the state-space map.
struct ConvolvedInputs {
  let xConvolution, bcConvolution: CausalConvolution
  /// The inputs before the first, [batch, width - 1, channels]; nil for zeros.
  let xPast, bcPast: Tensor?
  /// Heads of x, and of B and C.
  let heads, groups: Int

  /// x [batch, length, heads, headDim] of [batch, length, channels].
  func x(of values: Tensor) -> Tensor { xConvolution(values, past: xPast).heads(heads) }

  /// B and C [batch, length, groups, stateDim] of both, [batch, length, channels].
  func bAndC(of bc: Tensor) -> (b: Tensor, c: Tensor) { halves(bcConvolution(bc, past: bcPast)) }

  fileprivate func halves(_ bc: Tensor) -> (b: Tensor, c: Tensor) {
    let (b, c) = bc.halves()
    return (b.heads(groups), c.heads(groups))
  }
}

extension SSD {
  /// `chunks` of what the convolutions make of `values` and `bc`. The kernel filters rows as it reads them, so that
  /// what the convolutions give never lies in memory as a whole, nor the gradients by it.
  static func chunks(
    values: Tensor, bc: Tensor, behind filters: ConvolvedInputs, logDecay: Tensor, skip: Tensor?, chunk: Int,
    state: Tensor?
  ) -> (y: Tensor, state: Tensor) {
    if !Kernel.stateSpace.takes(values) || values.size(1) == 0 {
      let (b, c) = filters.bAndC(of: bc)
      return chunks(
        x: filters.x(of: values), b: b, c: c, logDecay: logDecay, skip: skip, chunk: chunk, state: state)
    }
    precondition(!filters.xConvolution.silu && !filters.bcConvolution.silu, "these convolutions have an activation")
    let (b, c) = filters.halves(bc)
    let (x, y) = (filters.xConvolution, filters.bcConvolution)
    return values.heads(filters.heads).filteredStateSpace(
      b: b, c: c, xFilter: .init(weight: x.weight, bias: x.bias, past: filters.xPast),
      bcFilter: .init(weight: y.weight, bias: y.bias, past: filters.bcPast), logDecay: logDecay, skip: skip,
      state: state, chunk: chunk)
  }
}
