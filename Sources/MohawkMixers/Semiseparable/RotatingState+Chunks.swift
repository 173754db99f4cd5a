import MohawkTensor

extension RotatingState {
  /// Tokens per chunk.
  static let chunk = 32

  /// The whole sequence in chunks of 32 tokens: the tokens of a chunk one after the other, in all chunks at once, then a
  /// recurrence from chunk to chunk.
  ///
  /// Transitions of reflections do not factor into parts for each token, as decays do. So every chunk also carries the
  /// identity through its tokens, which gives the product of its transitions: `length` / 32 + 32 steps instead of `length`,
  /// for (headDim + stateDim) / headDim of the work.
  /// - Parameters:
  ///   - q: [batch, length, qkHeads, stateDim]
  ///   - k: [batch, length, qkHeads, stateDim]
  ///   - v: values [batch, length, heads, headDim]
  ///   - normals: [batch, length, heads, reflections, stateDim]
  ///   - logDecay: log a ≤ 0, [batch, length, heads, stateDim]
  ///   - state: the state before the first token; zeros when nil.
  /// - Returns: y [batch, length, heads, headDim] in the type of v, and the last state.
  public static func chunks(
    q: Tensor, k: Tensor, v: Tensor, normals: Tensor, logDecay: Tensor, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    var current = state ?? emptyState(v: v, logDecay: logDecay)
    if v.size(1) == 0 { return (v, current) }
    let chunks = RotatingChunks(q: q, k: k, normals: normals, logDecay: logDecay)
    let parts = chunks.run(chunks.split(v.to(logDecay.dtype).transposed(1, 2)))
    var rows: [Tensor] = []
    for index in 0..<chunks.count {
      rows.append(parts.y.selected(2, index) + parts.reads.selected(2, index).matmul(current))
      current = parts.transition.selected(2, index).matmul(current) + parts.added.selected(2, index)
    }
    let y = Tensor.concatenated(rows, 2).narrowed(2, from: 0, length: v.size(1))
    return (y.transposed(1, 2).to(v.dtype), current)
  }

  /// The matrix, [batch, heads, length, length]: chunks of unit vectors as values, each carried through those that follow.
  public static func matrix(q: Tensor, k: Tensor, normals: Tensor, logDecay: Tensor) -> Tensor {
    let (batch, length, heads) = (logDecay.size(0), logDecay.size(1), logDecay.size(2))
    let chunks = RotatingChunks(q: q, k: k, normals: normals, logDecay: logDecay)
    let units = Tensor.ones([chunk, chunk], logDecay.dtype, on: logDecay.device).lowerTriangle().upperTriangle()
    let parts = chunks.run(
      units.reshaped(1, 1, 1, chunk, chunk).expanded(batch, heads, chunks.count, chunk, chunk))
    // What the tokens so far have left in the state, a column each.
    var left: Tensor?
    var rows: [Tensor] = []
    for index in 0..<chunks.count {
      let (own, added) = (parts.y.selected(2, index), parts.added.selected(2, index))
      let row = left.map { .concatenated([parts.reads.selected(2, index).matmul($0), own], -1) } ?? own
      rows.append(row.padded(0, (chunks.count - 1 - index) * chunk))
      left = left.map { .concatenated([parts.transition.selected(2, index).matmul($0), added], -1) } ?? added
    }
    return Tensor.concatenated(rows, 2).narrowed(2, from: 0, length: length).narrowed(3, from: 0, length: length)
      .lowerTriangle()
  }
}

/// Queries, keys, transitions in chunks. Tokens that fill the last chunk up write nothing, rotate nothing and forget nothing.
private struct RotatingChunks {
  let count: Int
  /// [batch, heads, count, size, stateDim]
  let q, k, decays: Tensor
  /// [batch, heads, count, size, reflections, stateDim]
  let units: Tensor

  init(q: Tensor, k: Tensor, normals: Tensor, logDecay: Tensor) {
    let (batch, length, heads, wide) = (logDecay.size(0), logDecay.size(1), logDecay.size(2), logDecay.dtype)
    let (reflections, stateDim) = (normals.size(3), normals.size(4))
    count = (length + RotatingState.chunk - 1) / RotatingState.chunk
    let count = count
    func split(_ x: Tensor) -> Tensor { Self.split(x, count: count) }
    self.q = split(SSD.headsFirst(q.to(wide), heads: heads))
    self.k = split(SSD.headsFirst(k.to(wide), heads: heads))
    decays = split(logDecay.transposed(1, 2)).exp()
    let flat = normals.to(wide).reshaped(batch, length, heads, reflections * stateDim).transposed(1, 2)
    units = RotatingState.units(
      split(flat).reshaped(batch, heads, count, RotatingState.chunk, reflections, stateDim))
  }

  /// [batch, heads, length, n] to [batch, heads, count, size, n].
  func split(_ x: Tensor) -> Tensor { Self.split(x, count: count) }

  private static func split(_ x: Tensor, count: Int) -> Tensor {
    let padding = count * RotatingState.chunk - x.size(2)
    let padded = padding == 0 ? x : x.padded(0, 0, 0, padding)
    return padded.reshaped(x.size(0), x.size(1), count, RotatingState.chunk, x.size(3))
  }

  /// Every chunk from a state of zeros.
  /// - Parameter v: [batch, heads, count, size, columns].
  /// - Returns: `y`, the outputs [batch, heads, count, size, columns]; `reads`, by which tokens read the state that enters
  ///   their chunk, [batch, heads, count, size, stateDim]; `added`, what a chunk adds to the state, [batch, heads, count,
  ///   stateDim, columns]; `transition`, what it makes of the one that enters, [batch, heads, count, stateDim, stateDim].
  func run(_ v: Tensor) -> (y: Tensor, reads: Tensor, added: Tensor, transition: Tensor) {
    let (columns, stateDim) = (v.size(-1), q.size(-1))
    let unit = Tensor.ones([stateDim, stateDim], q.dtype, on: q.device).lowerTriangle().upperTriangle()
    let zeros = Tensor.zeros([stateDim, columns], q.dtype, on: q.device)
    var state = Tensor.concatenated([zeros, unit], -1).reshaped(1, 1, 1, stateDim, columns + stateDim)
      .expanded(q.size(0), q.size(1), count, stateDim, columns + stateDim)
    // Tokens add to their own columns alone.
    let written = v.padded(0, stateDim)
    var rows: [Tensor] = []
    for t in 0..<RotatingState.chunk {
      func token(_ x: Tensor) -> Tensor { x.selected(3, t) }
      let kept = RotatingState.rotated(state, token(units)) * token(decays).unsqueezed(-1)
      state = kept + token(k).unsqueezed(-1) * token(written).unsqueezed(-2)
      rows.append(token(q).unsqueezed(-2).matmul(state))
    }
    let read = Tensor.concatenated(rows, -2)
    func parts(_ x: Tensor) -> (Tensor, Tensor) {
      (x.narrowed(-1, from: 0, length: columns), x.narrowed(-1, from: columns, length: stateDim))
    }
    let (y, reads) = parts(read)
    let (added, transition) = parts(state)
    return (y, reads, added, transition)
  }
}
