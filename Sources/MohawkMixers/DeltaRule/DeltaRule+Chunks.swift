import MohawkTensor

extension DeltaRule {
  /// The whole sequence in chunks: matrix products inside each chunk, a recurrence from chunk to chunk (Yang et al. 2024,
  /// the WY form of products of Householder matrices).
  /// - Parameters:
  ///   - q: [batch, length, qkHeads, stateDim]
  ///   - k: [batch, length, qkHeads, stateDim]
  ///   - v: values [batch, length, heads, headDim]
  ///   - beta: β, [batch, length, heads]
  ///   - logDecay: log a ≤ 0, [batch, length, heads]
  ///   - chunk: tokens per chunk, up to the next power of 2; the length need not be a multiple.
  ///   - state: the state before the first token; zeros when nil.
  /// - Returns: y [batch, length, heads, headDim] in the type of v, and the last state.
  public static func chunks(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, logDecay: Tensor, chunk: Int, state: Tensor? = nil
  ) -> (y: Tensor, state: Tensor) {
    if v.size(1) == 0 { return (v, state ?? emptyState(k: k, v: v, logDecay: logDecay)) }
    let parts = DeltaChunks(q: q, k: k, beta: beta, logDecay: logDecay, size: min(chunk, v.size(1)))
    let written = parts.solved.matmul(parts.split(v.transposed(1, 2).to(logDecay.dtype)) * parts.beta)
    let fromStart = SSD.safeExp(parts.sums).unsqueezed(-1)
    let read = parts.solved.matmul(parts.k * parts.beta * fromStart)
    let queries = parts.q * fromStart
    // What each chunk leaves in the state at its end, and how much of what came before survives it.
    let ends = parts.sums.narrowed(-1, from: parts.size - 1, length: 1)
    let toEnd = (parts.k * SSD.safeExp(ends - parts.sums).unsqueezed(-1)).transposed()
    let chunkDecay = SSD.safeExp(ends).unsqueezed(-1)

    var current = state ?? emptyState(k: k, v: v, logDecay: logDecay)
    var rows: [Tensor] = []
    for index in 0..<parts.count {
      // What a token writes is what it says less what the state holds under its key.
      let new = written.selected(2, index) - read.selected(2, index).matmul(current)
      let before = queries.selected(2, index).matmul(current)
      rows.append(before + parts.scores.selected(2, index).matmul(new))
      let kept = current * chunkDecay.selected(2, index)
      current = kept + toEnd.selected(2, index).matmul(new)
    }
    let y = Tensor.concatenated(rows, 2).narrowed(2, from: 0, length: v.size(1))
    return (y.transposed(1, 2).to(v.dtype), current)
  }

  /// The matrix, [batch, heads, length, length]: that of one chunk which holds everything.
  public static func matrix(q: Tensor, k: Tensor, beta: Tensor, logDecay: Tensor) -> Tensor {
    let length = q.size(1)
    let parts = DeltaChunks(q: q, k: k, beta: beta, logDecay: logDecay, size: length)
    let whole = parts.scores.matmul(parts.solved) * parts.beta.transposed()
    return whole.selected(2, 0).narrowed(2, from: 0, length: length).narrowed(3, from: 0, length: length)
  }
}

/// Queries, keys and decays in chunks of a power of 2, and what follows from them for each chunk alone. Tokens that fill the
/// last chunk up write nothing and forget nothing.
private struct DeltaChunks {
  let size, count: Int
  /// [batch, heads, count, size, stateDim]
  let q, k: Tensor
  /// [batch, heads, count, size, 1]
  let beta: Tensor
  /// Sums of the log-decays from each chunk's start, [batch, heads, count, size].
  let sums: Tensor
  /// q · k with decay, on and below the diagonal: [batch, heads, count, size, size].
  let scores: Tensor
  /// (I + A)⁻¹ of A = β k · k with decay, below the diagonal: [batch, heads, count, size, size].
  let solved: Tensor

  init(q: Tensor, k: Tensor, beta: Tensor, logDecay: Tensor, size wanted: Int) {
    var size = 1
    while size < wanted { size *= 2 }
    let (length, heads, wide) = (q.size(1), logDecay.size(2), logDecay.dtype)
    (self.size, count) = (size, (length + size - 1) / size)
    func split(_ x: Tensor) -> Tensor { Self.split(x, count: (length + size - 1) / size, size: size) }
    self.q = split(SSD.headsFirst(q.to(wide), heads: heads))
    self.k = split(SSD.headsFirst(k.to(wide), heads: heads))
    self.beta = split(beta.transposed(1, 2).unsqueezed(-1).to(wide))
    sums = split(logDecay.transposed(1, 2).unsqueezed(-1)).squeezed(-1).cumulativeSum(-1)
    let decays = SSD.decayMatrix(sums)
    let keys = self.k.transposed()
    scores = self.q.matmul(keys) * decays
    solved = DeltaRule.inverse((self.k * self.beta).matmul(keys) * decays)
  }

  /// [batch, heads, length, n] to [batch, heads, count, size, n].
  func split(_ x: Tensor) -> Tensor { Self.split(x, count: count, size: size) }

  private static func split(_ x: Tensor, count: Int, size: Int) -> Tensor {
    let padding = count * size - x.size(2)
    let padded = padding == 0 ? x : x.padded(0, 0, 0, padding)
    return padded.reshaped(x.size(0), x.size(1), count, size, x.size(3))
  }
}

extension DeltaRule {
  /// The inverse of I + A, with A what lies below the diagonal: forward substitution by blocks whose size doubles.
  /// [.., size, size] with size a power of 2 to the same.
  ///
  /// The sum of A's powers would do with fewer products, but keys that are alike make it lose all digits.
  static func inverse(_ matrix: Tensor) -> Tensor {
    let size = matrix.size(-1)
    let outer = Array(matrix.shape.dropLast(2))
    let flat = matrix.reshaped(outer + [size * size])
    var blocks = Tensor.ones(outer + [size, 1, 1], matrix.dtype, on: matrix.device)
    var width = 1
    while width < size {
      let pairs = size / (2 * width)
      let places = (0..<pairs).flatMap { pair in
        (0..<width).flatMap { row in
          (0..<width).map { Int64(((2 * pair + 1) * width + row) * size + 2 * pair * width + $0) }
        }
      }
      let below = flat.indexed(outer.count, Tensor(places).to(on: matrix.device))
        .reshaped(outer + [pairs, width, width])
      let both = blocks.reshaped(outer + [pairs, 2, width, width])
      let (first, second) = (both.selected(outer.count + 1, 0), both.selected(outer.count + 1, 1))
      let corner = second.matmul(below).matmul(first) * -1
      let above = Tensor.zeros(corner.shape, matrix.dtype, on: matrix.device)
      blocks = .concatenated(
        [.concatenated([first, above], -1), .concatenated([corner, second], -1)], -2)
      width *= 2
    }
    return blocks.reshaped(outer + [size, size])
  }
}
