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
    let hidden = withoutGradients {
      let full = Tensor.full([length, length], never, scores.dtype, on: scores.device)
      let before = full.lowerTriangle(-window)
      if sinks > 0 { before.narrowed(1, from: 0, length: min(sinks, length)).fill(0) }
      return full.upperTriangle(1) + before
    }
    return (scores + hidden).softmax(-1)
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
    let (keys, seenValues) = (past?.behind(k, \.keys) ?? k, past?.behind(values, \.values) ?? values)
    let known = min(sinks, position)
    let first = min(sinks, position + length)
    func sinkRows(_ x: Tensor, _ past: Tensor?) -> Tensor {
      let own = x.narrowed(2, from: 0, length: first - known)
      return past.map { .concatenated([$0, own], 2) } ?? own
    }
    let (sinkKeys, sinkValues) = (sinkRows(k, past?.sinkKeys), sinkRows(values, past?.sinkValues))
    func range(_ from: Int, _ to: Int) -> Tensor { .range(from, to, .float64, on: q.device) }
    func mask(_ queries: Tensor, _ keys: Tensor) -> Tensor {
      Self.mask(queries, keys, window: window, sinks: sinks, first: first, q.dtype)
    }
    if length <= window {
      let hidden = mask(
        range(position, position + length).unsqueezed(1),
        range(position + length - keys.size(2), position + length).unsqueezed(0))
      let scores = q.matmul(Tensor.concatenated([sinkKeys, keys], 2).transposed())
      return (scores + hidden).softmax(-1).matmul(.concatenated([sinkValues, seenValues], 2))
    }
    let blocks = (length + window - 1) / window
    let behind = blocks * window - length
    /// [batch, heads, blocks, first + 2 · window, width]
    func seen(_ x: Tensor, _ sinkRows: Tensor) -> Tensor {
      let width = x.size(3)
      let rows = x.padded(0, 0, (blocks + 1) * window - behind - x.size(2), behind)
        .reshaped(batch, heads, blocks + 1, window, width)
      return .concatenated(
        [
          sinkRows.unsqueezed(2).expanded(batch, heads, blocks, first, width),
          rows.narrowed(2, from: 0, length: blocks), rows.narrowed(2, from: 1, length: blocks),
        ], 3)
    }
    let starts = range(0, blocks).reshaped(blocks, 1, 1) * Double(window)
    let hidden = mask(
      range(position, position + blocks * window).reshaped(blocks, window, 1),
      starts + range(position - window, position + window).reshaped(1, 1, 2 * window))
    let queries = q.padded(0, 0, 0, behind).reshaped(batch, heads, blocks, window, q.size(3))
    let scores = queries.matmul(seen(keys, sinkKeys).transposed())
    let mixed = (scores + hidden).softmax(-1).matmul(seen(seenValues, sinkValues))
    return mixed.reshaped(batch, heads, blocks * window, values.size(3)).narrowed(2, from: 0, length: length)
  }

  /// 0 where a query sees a key, else far below any score.
  /// - Parameters:
  ///   - queries: their positions, [.., rows, 1].
  ///   - keys: positions of the keys, [.., 1, columns].
  ///   - window: how many tokens a token sees, itself included.
  ///   - sinks: how many of the first tokens it sees beside those.
  ///   - first: of the sinks those whose keys are there.
  ///   - dtype: of the result.
  /// - Returns: [.., rows, first + columns]
  private static func mask(
    _ queries: Tensor, _ keys: Tensor, window: Int, sinks: Int, first: Int, _ dtype: DType
  ) -> Tensor {
    withoutGradients {
      let distance = queries - keys
      // Sinks are seen as such alone; what lies before the text is below all of them.
      let isSink = (keys + queries * 0).less(Double(sinks))
      let isHidden = distance.less(0).or(distance.greaterOrEqual(Double(window))).or(isSink)
      let sinkPlaces = Tensor.range(0, first, .float64, on: queries.device)
      let isLater = (queries - sinkPlaces).less(0)
      return Tensor.concatenated([isLater, isHidden].map { $0.to(dtype) }, -1) * never
    }
  }
}

extension SlidingWindow.Past {
  /// These rows behind those that are remembered.
  fileprivate func behind(_ new: Tensor, _ part: KeyPath<Self, Tensor>) -> Tensor {
    .concatenated([self[keyPath: part], new], 2)
  }
}
