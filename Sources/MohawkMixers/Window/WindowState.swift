import MohawkTensor

/// Keys and values that a window remembers: those of the first tokens of the text and of the last ones, in a constant
/// amount of memory.
///
/// The token at position p has row p among the sinks, and behind them row sinks + (p − sinks) mod tokens: the last tokens
/// stand in a ring. So the rows in use are exactly the tokens that the last token sees.
package final class WindowState {
  /// [batch, kvHeads, sinks + tokens, headDim], rotated, and [batch, heads or kvHeads, sinks + tokens, width]; fp32 or
  /// wider.
  package internal(set) var keys, values: Tensor
  let tokens, sinks: Int

  init(keys: Tensor, values: Tensor, tokens: Int, sinks: Int) {
    self.keys = keys
    self.values = values
    self.tokens = tokens
    self.sinks = sinks
  }

  /// The row of the token at a position.
  func row(_ position: Int) -> Int { position < sinks ? position : sinks + (position - sinks) % tokens }

  /// How many rows are in use after so many tokens.
  func count(at position: Int) -> Int { min(position, sinks + tokens) }

  /// Keeps what later tokens see of the next tokens, the first of which stands at `position`.
  func remember(keys newKeys: Tensor, values newValues: Tensor, at position: Int) {
    let end = position + newKeys.size(2)
    var start = position
    withoutGradients {
      while start < end {
        if start >= sinks, start < end - tokens { start = end - tokens }
        // As many as stand in rows without a gap.
        let room = start < sinks ? sinks - start : sinks + tokens - row(start)
        let count = min(room, end - start)
        for (buffer, new) in [(keys, newKeys), (values, newValues)] {
          buffer.narrowed(2, from: row(start), length: count).assign(
            new.narrowed(2, from: start - position, length: count))
        }
        start += count
      }
    }
  }

  /// What the tokens from `position` on see of those before, repeated for each of the heads.
  func past(at position: Int, heads: Int, _ dtype: DType) -> SlidingWindow.Past {
    let last = Tensor((max(0, position - tokens + 1)..<position).map { Int64(row($0)) })
    func rows(_ buffer: Tensor) -> (last: Tensor, first: Tensor) {
      let wanted = buffer.to(dtype).repeatedEach(heads / buffer.size(1), 1)
      return (
        wanted.indexed(2, last.to(on: buffer.device)), wanted.narrowed(2, from: 0, length: min(sinks, position))
      )
    }
    let (keys, values) = (rows(keys), rows(values))
    return SlidingWindow.Past(
      keys: keys.last, values: values.last, sinkKeys: keys.first, sinkValues: values.first)
  }

  var byteCount: Int { keys.byteCount + values.byteCount }

  func copy(by copy: (Tensor) -> Tensor) -> WindowState {
    WindowState(keys: copy(keys), values: copy(values), tokens: tokens, sinks: sinks)
  }
}
