import MohawkTensor

extension ChannelDecay {
  /// Tokens per chunk: inside one every pair of tokens has a decay for each channel.
  static let chunk = 16

  /// The whole sequence in chunks of 16 tokens: all pairs inside each chunk, a recurrence from chunk to chunk.
  /// - Parameters:
  ///   - q: [batch, length, qkHeads, stateDim]
  ///   - k: [batch, length, qkHeads, stateDim]
  ///   - v: values [batch, length, heads, headDim]
  ///   - beta: β, [batch, length, heads]; nil without the delta rule.
  ///   - logDecay: log a ≤ 0, [batch, length, heads, stateDim]
  ///   - state: the state before the first token; zeros when nil.
  /// - Returns: y [batch, length, heads, headDim] in the type of v, and the last state.
  public static func chunks(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor?, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    if v.size(1) == 0 { return (v, state ?? emptyState(v: v, logDecay: logDecay)) }
    let parts = ChannelChunks(q: q, k: k, beta: beta, logDecay: logDecay)
    let fromStart = SSD.safeExp(parts.sums)
    var written = parts.split(v.transposed(1, 2).to(logDecay.dtype))
    var read: Tensor?
    if let (beta, solved) = parts.delta {
      // What a token writes is what it says less what the state holds under its key.
      written = solved.matmul(written * beta)
      read = solved.matmul(parts.k * beta * fromStart)
    }
    let queries = parts.q * fromStart
    // What each chunk leaves in the state at its end, and how much of what came before survives it.
    let ends = parts.sums.narrowed(-2, from: chunk - 1, length: 1)
    let toEnd = (parts.k * SSD.safeExp(ends - parts.sums)).transposed()
    let chunkDecay = SSD.safeExp(ends).transposed()

    var current = state ?? emptyState(v: v, logDecay: logDecay)
    var rows: [Tensor] = []
    for index in 0..<parts.count {
      var new = written.selected(2, index)
      if let read { new = new - read.selected(2, index).matmul(current) }
      let before = queries.selected(2, index).matmul(current)
      rows.append(before + parts.scores.selected(2, index).matmul(new))
      current = current * chunkDecay.selected(2, index) + toEnd.selected(2, index).matmul(new)
    }
    let y = Tensor.concatenated(rows, 2).narrowed(2, from: 0, length: v.size(1))
    return (y.transposed(1, 2).to(v.dtype), current)
  }
}

/// Queries, keys and decays in chunks, and what follows from them for each chunk alone. Tokens that fill the last chunk up
/// write nothing and forget nothing.
private struct ChannelChunks {
  let count: Int
  /// [batch, heads, count, size, stateDim]
  let q, k: Tensor
  /// Sums of the log-decays from each chunk's start, [batch, heads, count, size, stateDim].
  let sums: Tensor
  /// Σ q k with decays, on and below the diagonal: [batch, heads, count, size, size].
  let scores: Tensor
  /// With the delta rule: β [batch, heads, count, size, 1], and (I + A)⁻¹ of A = β k · k with decays, below the diagonal.
  let delta: (beta: Tensor, solved: Tensor)?

  init(q: Tensor, k: Tensor, beta: Tensor?, logDecay: Tensor) {
    let (heads, wide) = (logDecay.size(2), logDecay.dtype)
    let count = (q.size(1) + ChannelDecay.chunk - 1) / ChannelDecay.chunk
    func split(_ x: Tensor) -> Tensor { Self.split(x, count: count) }
    self.count = count
    self.q = split(SSD.headsFirst(q.to(wide), heads: heads))
    self.k = split(SSD.headsFirst(k.to(wide), heads: heads))
    sums = split(logDecay.transposed(1, 2)).cumulativeSum(-2)
    // Above the diagonal decays would grow; there they are 1 and cut off below.
    let decays = SSD.safeExp((sums.unsqueezed(-2) - sums.unsqueezed(-3)).clamped(max: 0))
    let keys = self.k.unsqueezed(-3) * decays
    scores = (self.q.unsqueezed(-2) * keys).sum(over: -1).lowerTriangle()
    guard let beta else {
      delta = nil
      return
    }
    let rates = split(beta.transposed(1, 2).unsqueezed(-1).to(wide))
    let products = ((self.k * rates).unsqueezed(-2) * keys).sum(over: -1)
    delta = (rates, DeltaRule.inverse(products.lowerTriangle(-1)))
  }

  /// [batch, heads, length, n] to [batch, heads, count, size, n].
  func split(_ x: Tensor) -> Tensor { Self.split(x, count: count) }

  private static func split(_ x: Tensor, count: Int) -> Tensor {
    let padding = count * ChannelDecay.chunk - x.size(2)
    let padded = padding == 0 ? x : x.padded(0, 0, 0, padding)
    return padded.reshaped(x.size(0), x.size(1), count, ChannelDecay.chunk, x.size(3))
  }
}
