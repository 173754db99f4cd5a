import MohawkDecoding
import MohawkModels
import MohawkTensor

extension PrefixCache {
  /// The state after `ids` and what comes next: the longest known beginning is restored, only the rest is read, and
  /// states on the way are kept.
  ///
  /// The rest is read in pieces that end where states are kept. The pieces are the same whatever is already known, so
  /// that the result does not depend, not even in its rounding, on which of these states the cache still had.
  /// - Parameters:
  ///   - ids: all tokens so far; at least one.
  ///   - borders: further places where a state is worth keeping, such as the ends of messages, in any order.
  ///   - engine: what reads.
  /// - Returns: the state, its logits after the last token [1, vocabulary], and how many tokens were not read again.
  public func read(
    _ ids: [Int32], borders: [Int] = [], with engine: DecodingEngine
  ) -> (state: ModelState, logits: Tensor, reused: Int) {
    precondition(!ids.isEmpty, "no token to read")
    let known = longest(ids)
    let state = known?.state ?? engine.emptyState()
    let reused = known?.count ?? 0
    let logits = read(ids, borders: borders, state, with: engine)
    return (state, logits, reused)
  }

  /// Reads what a state of the first of these tokens has not yet seen, and keeps states on the way.
  func read(_ ids: [Int32], borders: [Int] = [], _ state: ModelState, with engine: DecodingEngine) -> Tensor {
    let places = Set(stride(from: every, through: ids.count, by: every)).union(borders)
    let pieces = places.filter { $0 > state.position && $0 < ids.count }.sorted()
    for end in pieces {
      _ = engine.read(Array(ids[state.position..<end]), state, logits: 0)
      insert(ids[..<end], state)
    }
    let logits = engine.read(Array(ids[state.position...]), state)
    if places.contains(ids.count) { insert(ids, state) }
    return logits
  }
}
