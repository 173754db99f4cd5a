import MohawkTensor

extension SSD {
  /// `chunks` in operations of libtorch, for devices that have no kernel of their own; without skip.
  static func plainChunks(
    x: Tensor, b: Tensor, c: Tensor, logDecay: Tensor, chunk: Int, state: Tensor?
  ) -> (y: Tensor, state: Tensor) {
    let length = x.size(1)
    let heads = x.size(2)
    let chunk = min(chunk, length)
    let count = (length + chunk - 1) / chunk
    let padding = count * chunk - length

    // [batch, heads, count, chunk, n]; padded tokens bring nothing (x = b = 0) and forget nothing (log a = 0)
    func inChunks(_ tensor: Tensor) -> Tensor {
      let padded = padding == 0 ? tensor : tensor.padded(0, 0, 0, padding)
      return padded.reshaped(padded.size(0), heads, count, chunk, padded.size(-1))
    }
    let x = inChunks(x.transposed(1, 2))
    let b = inChunks(headsFirst(b, heads: heads))
    let c = inChunks(headsFirst(c, heads: heads))
    let logs = inChunks(logDecay.transposed(1, 2).unsqueezed(-1)).squeezed(-1)
    let sums = logs.cumulativeSum(-1)

    let scores = c.matmul(b.transposed())
    var y = (scores * decayMatrix(sums).to(x.dtype)).matmul(x)

    // What each chunk alone leaves in the state at its end, and how much of what came before survives it.
    let ends = sums.narrowed(-1, from: chunk - 1, length: 1)
    let toEnd = safeExp(ends - sums).unsqueezed(-1).to(b.dtype)
    let own = x.transposed().matmul(b * toEnd).to(sums.dtype)
    let chunkDecay = safeExp(ends).unsqueezed(-1)

    var entering: [Tensor] = []
    var current = state ?? .zeros([x.size(0), heads, x.size(-1), b.size(-1)], sums.dtype, on: x.device)
    for index in 0..<count {
      entering.append(current)
      let kept = current * chunkDecay.selected(2, index)
      current = kept + own.selected(2, index)
    }
    if count > 1 || state != nil {
      let fromStart = safeExp(sums).unsqueezed(-1).to(c.dtype)
      let before = Tensor.stacked(entering, 2).to(c.dtype)
      y = y + (c * fromStart).matmul(before.transposed())
    }
    let flat = y.reshaped(y.size(0), heads, count * chunk, y.size(-1))
    let whole = padding == 0 ? flat : flat.narrowed(2, from: 0, length: length)
    return (whole.transposed(1, 2), current)
  }

  /// exp of numbers ≤ 0, those below `smallestLogDecay` taken as that, hidden from the gradient graph.
  static func safeExp(_ logs: Tensor) -> Tensor {
    let fresh = logs + 0
    withoutGradients { fresh.clampInPlace(min: smallestLogDecay) }
    return fresh.exp()
  }
}
