import MohawkDecoding
import MohawkModels

/// A text in tokens and the state after all of them or all but the last ones, which are still to be read.
///
/// Not `Sendable`: it lives on the thread of its engine.
public final class Conversation {
  /// All tokens so far.
  public private(set) var ids: [Int32]
  /// What the model remembers of the first `state.position` of them.
  public let state: ModelState

  /// A conversation whose state has seen some of its tokens.
  public init(_ ids: [Int32], _ state: ModelState) {
    precondition(state.position <= ids.count, "a state after \(state.position) tokens for \(ids.count) tokens")
    (self.ids, self.state) = (ids, state)
  }

  /// One that begins.
  public convenience init(_ engine: DecodingEngine) { self.init([], engine.emptyState()) }

  /// Tokens that the state has not seen.
  public var unread: ArraySlice<Int32> { ids[state.position...] }

  /// Says more, to be read later.
  public func append(_ more: some Sequence<Int32>) { ids += more }

  /// One that goes on from here by itself.
  public func copy() -> Conversation { Conversation(ids, state.copy()) }
}
