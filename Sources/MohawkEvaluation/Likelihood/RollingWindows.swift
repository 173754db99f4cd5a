/// Cuts a text so that each of its tokens is predicted once, with as much of the text before it as a window holds
/// (lm_eval's `get_rolling_token_windows` with a context of one token).
enum RollingWindows {
  /// - Parameters:
  ///   - ids: the text.
  ///   - start: stands before the first token.
  ///   - window: tokens that a model is shown at once.
  static func pairs(_ ids: [Int32], start: Int32, window: Int) -> [TokenPair] {
    guard !ids.isEmpty else { return [] }
    var pairs = [TokenPair(context: [start], continuation: Array(ids.prefix(window)))]
    var predicted = min(window, ids.count)
    while predicted < ids.count {
      let count = min(window, ids.count - predicted)
      let end = predicted + count
      pairs.append(
        TokenPair(
          context: Array(ids[(end - window - 1)..<(end - count)]), continuation: Array(ids[predicted..<end])))
      predicted = end
    }
    return pairs
  }
}
