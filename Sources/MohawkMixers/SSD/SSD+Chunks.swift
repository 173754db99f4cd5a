import MohawkTensor

extension SSD {
  /// The whole sequence in chunks: matrix products inside each chunk, a recurrence from chunk to chunk. Work grows with
  /// the length times `chunk`; beside the operands, memory holds one state per chunk when there are gradients to come.
  /// - Parameters:
  ///   - x: values [batch, length, heads, headDim].
  ///   - b: [batch, length, qkHeads, stateDim].
  ///   - c: [batch, length, qkHeads, stateDim].
  ///   - logDecay: log a ≤ 0, [batch, length, heads].
  ///   - skip: D [heads], what of x is added to y; nothing when nil.
  ///   - chunk: tokens per chunk; the length need not be a multiple.
  ///   - state: the state before the first token; zeros when nil.
  /// - Returns: y [batch, length, heads, headDim] and the last state.
  public static func chunks(
    x: Tensor, b: Tensor, c: Tensor, logDecay: Tensor, skip: Tensor? = nil, chunk: Int, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    if x.size(1) == 0 { return (x, state ?? emptyState(x: x, b: b, logDecay: logDecay)) }
    if Kernel.stateSpace.takes(x) {
      return x.stateSpace(b: b, c: c, logDecay: logDecay, skip: skip, state: state, chunk: chunk)
    }
    let (y, last) = plainChunks(x: x, b: b, c: c, logDecay: logDecay, chunk: chunk, state: state)
    return (skip.map { y + x * $0.to(x.dtype).unsqueezed(-1) } ?? y, last)
  }
}
