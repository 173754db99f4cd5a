import CMohawkTorch

extension Tensor {
  /// The state-space map of these values, in chunks, as one operation with its own gradients; for tensors on CPUs.
  ///
  /// h_t = exp(logDecay_t) h_{t−1} + x_t b_tᵀ, y_t = h_t c_t + skip x_t, for self = x [batch, length, heads, headDim].
  /// Sums, decays and states are in fp32, or in fp64 for operands in fp64.
  /// - Parameters:
  ///   - b: [batch, length, qkHeads, stateDim]; `heads` is a multiple of `qkHeads`.
  ///   - c: [batch, length, qkHeads, stateDim].
  ///   - logDecay: logarithms ≤ 0, [batch, length, heads].
  ///   - skip: [heads]; none when nil.
  ///   - state: h before the first token, [batch, heads, headDim, stateDim]; zeros when nil.
  ///   - chunk: tokens whose pairs are computed at once, 256 at most; changes speed, not results.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  /// - Returns: y in the type of x, and the last h in the type of logDecay.
  public func stateSpace(
    b: Tensor, c: Tensor, logDecay: Tensor, skip: Tensor? = nil, state: Tensor? = nil, chunk: Int,
    file: StaticString = #fileID, line: UInt = #line
  ) -> (y: Tensor, state: Tensor) {
    var last = mhk_tensor()
    let y = Tensor.make("stateSpace", self, b, c, logDecay, skip ?? self, state ?? self, file: file, line: line) {
      mhk_ssd(
        handle, b.handle, c.handle, logDecay.handle, skip?.handle ?? mhk_tensor(), state?.handle ?? mhk_tensor(),
        Int64(chunk), $0, &last)
    }
    return (y, Tensor(owning: last))
  }
}
