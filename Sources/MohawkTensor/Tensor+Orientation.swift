import CMohawkTorch

extension Tensor {
  /// The mean over batch and heads of ‖L ∘ (C Bᵀ) + D I − softmax(scale · Q Kᵀ)‖_F, both matrices causal, with
  /// L_ij = exp(Σ_{j<k≤i} logDecay_k). No matrix is ever stored: tile by tile, in memory that grows with the length.
  ///
  /// For tensors that `Kernel.orientation` takes. Gradients flow to b, c, logDecay and skip, none to q and k; they are computed with the distance.
  /// Products are in the type of b (fp16 as fp32), sums and decays in fp32 or wider.
  /// - Parameters:
  ///   - q: [batch, heads, length, d].
  ///   - k: [batch, kvHeads, length, d]; `heads` is a multiple of `kvHeads`.
  ///   - scale: what the products of q and k are multiplied by.
  ///   - b: [batch, length, qkHeads, n]; `heads` is a multiple of `qkHeads`.
  ///   - c: [batch, length, qkHeads, n].
  ///   - logDecay: log a ≤ 0, [batch, length, heads].
  ///   - skip: D, [heads].
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  /// - Returns: one number, fp32 or, for b in fp64, fp64.
  public static func orientationDistance(
    q: Tensor, k: Tensor, scale: Double, b: Tensor, c: Tensor, logDecay: Tensor, skip: Tensor,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    make("orientationDistance", q, k, b, c, logDecay, skip, file: file, line: line) {
      mhk_orientation(q.handle, k.handle, scale, b.handle, c.handle, logDecay.handle, skip.handle, $0)
    }
  }
}
