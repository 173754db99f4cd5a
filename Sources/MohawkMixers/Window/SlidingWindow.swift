import MohawkTensor

/// Softmax attention of every token over the last `window` tokens, itself included, and over the first `sinks` tokens of
/// the text, each counted once. Forms without parameters, the slow one first.
public enum SlidingWindow {
  /// Far below any score.
  private static let never = -1e30

  /// The matrix, quadratic in the length: [batch, heads, length, length].
  /// - Parameters:
  ///   - q: [batch, heads, length, headDim], scaled and rotated.
  ///   - k: [batch, heads, length, headDim], rotated.
  ///   - window: how many tokens a token sees, itself included.
  ///   - sinks: how many of the first tokens it sees beside those.
  public static func weights(q: Tensor, k: Tensor, window: Int, sinks: Int) -> Tensor {
    let scores = q.matmul(k.transposed())
    let length = q.size(2)
    let mask = withoutGradients {
      let full = Tensor.full([length, length], never, scores.dtype, on: scores.device)
      let before = full.lowerTriangle(-window)
      if sinks > 0 { before.narrowed(1, from: 0, length: min(sinks, length)).fill(0) }
      return full.upperTriangle(1) + before
    }
    return (scores + mask).softmax(-1)
  }

  /// What the next tokens see of those before them.
  struct Past {
    /// Keys and values of the last tokens, `window` - 1 of them or all: [batch, heads, count, ·].
    let keys, values: Tensor
    /// Those of the first tokens of the text, `sinks` of them or all: [batch, heads, count, ·].
    let sinkKeys, sinkValues: Tensor
  }

  /// Weights times values, [batch, heads, length, width]: in blocks of `window` queries that see their own keys, those
  /// of the block before and the sinks, so that work and memory grow with the length times the window.
  /// - Parameters:
  ///   - q: [batch, heads, length, headDim], scaled and rotated.
  ///   - k: keys of the same tokens, [batch, heads, length, headDim], rotated.
  ///   - values: of the same tokens, [batch, heads, length, width].
  ///   - position: of the first of them in the text.
  ///   - past: what was before them; nil at the beginning of the text.
  static func mix(
    q: Tensor, k: Tensor, values: Tensor, window: Int, sinks: Int, position: Int = 0, past: Past? = nil
  ) -> Tensor {
    let (batch, heads, length) = (q.size(0), q.size(1), q.size(2))
    let blocks = (length + window - 1) / window
    let behind = blocks * window - length
    let known = min(sinks, position)
    let first = min(sinks, position + length)

    /// [batch, heads, blocks, first + 2 · window, width]
    func seen(_ x: Tensor, _ past: Tensor?, _ pastSinks: Tensor?) -> Tensor {
      let width = x.size(3)
      let all = past.map { Tensor.concatenated([$0, x], 2) } ?? x
      let rows = all.padded(0, 0, window - (past?.size(2) ?? 0), behind)
        .reshaped(batch, heads, blocks + 1, window, width)
      var parts = [rows.narrowed(2, from: 0, length: blocks), rows.narrowed(2, from: 1, length: blocks)]
      if first > 0 {
        var firsts = x.narrowed(2, from: 0, length: first - known)
        if known > 0, let pastSinks { firsts = .concatenated([pastSinks, firsts], 2) }
        parts.insert(firsts.unsqueezed(2).expanded(batch, heads, blocks, first, width), at: 0)
      }
      return .concatenated(parts, 3)
    }
    let queries = q.padded(0, 0, 0, behind).reshaped(batch, heads, blocks, window, q.size(3))
    let scores = queries.matmul(seen(k, past?.keys, past?.sinkKeys).transposed())
    let hidden = withoutGradients {
      mask(blocks: blocks, window: window, sinks: sinks, first: first, position: position, scores.dtype, scores.device)
    }
    let mixed = (scores + hidden).softmax(-1).matmul(seen(values, past?.values, past?.sinkValues))
    return mixed.reshaped(batch, heads, blocks * window, values.size(3)).narrowed(2, from: 0, length: length)
  }

  /// 0 where a query sees a key, else far below any score: [blocks, window, first + 2 · window].
  private static func mask(
    blocks: Int, window: Int, sinks: Int, first: Int, position: Int, _ dtype: DType, _ device: Device
  ) -> Tensor {
    func range(_ from: Int, _ to: Int) -> Tensor { .range(from, to, .float64, on: device) }
    let queries = range(position, position + blocks * window).reshaped(blocks, window, 1)
    let starts = range(0, blocks).reshaped(blocks, 1, 1) * Double(window)
    let keys = starts + range(position - window, position + window).reshaped(1, 1, 2 * window)
    let distance = queries - keys
    // Sinks are seen as such alone; what lies before the text is below all of them.
    let isHidden = distance.less(0).or(distance.greaterOrEqual(Double(window))).or(
      keys.less(Double(sinks)).expanded(blocks, window, 2 * window))
    var parts = [isHidden.to(dtype)]
    if first > 0 { parts.insert((queries - range(0, first).reshaped(1, 1, first)).less(0).to(dtype), at: 0) }
    return .concatenated(parts, 2) * never
  }
}
