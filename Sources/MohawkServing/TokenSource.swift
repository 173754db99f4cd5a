import MohawkDecoding
import MohawkModels
import MohawkTensor

/// A token that was drawn, and how likely the model held it where that was asked for.
struct DrawnToken {
  let id: Int32
  let score: BatchScore?
}

/// What the next tokens of a sequence are drawn from. A sequence that runs with others draws from logits that were
/// computed for all of them; one that runs alone may let its source run the model, which then can give several tokens.
protocol TokenSource {
  /// The sequence; drawn tokens that count are appended to it.
  var conversation: Conversation { get }
  /// Draws the token that follows all those of the conversation.
  /// - Parameter logits: what comes next, fp32 [1, vocabulary].
  mutating func draw(_ logits: Tensor) throws -> DrawnToken
  /// Runs the model over the unread tokens, and draws those that follow; at least one, at most `limit`.
  mutating func next(atMost limit: Int) throws -> [DrawnToken]
  /// Says how many of the tokens from `next` count, after they were appended to the conversation.
  mutating func keep(_ count: Int)
  /// What proposes tokens; nil without a draft.
  var draft: SpeculativeDraft? { get }
  /// What became of the draft's proposals.
  var counts: DraftCounts { get }
}

/// How many tokens a draft proposed, and how many of them the model accepted.
struct DraftCounts: Equatable {
  var proposed = 0
  var accepted = 0
}

/// One token per pass of the model.
struct PlainTokens: TokenSource {
  let engine: DecodingEngine
  let conversation: Conversation
  var draws: TokenDraws

  mutating func draw(_ logits: Tensor) throws -> DrawnToken { try draws.next(logits) }

  mutating func next(atMost limit: Int) throws -> [DrawnToken] {
    [try draws.next(engine.readUnread(conversation))]
  }

  mutating func keep(_ count: Int) {}
  var draft: SpeculativeDraft? { nil }
  var counts: DraftCounts { DraftCounts() }
}

/// Draws from logits and scores what was drawn.
struct TokenDraws {
  let rows: LogitRows
  var sampler: Sampler
  /// How many of the most likely tokens are told beside each; nil tells no probabilities at all.
  let alternatives: Int?

  /// The next token from logits [1, vocabulary].
  mutating func next(_ logits: Tensor) throws -> DrawnToken {
    let rows = rows
    let id = try rows.read(logits) { sampler.next($0) }
    return drawn(id, logits)
  }

  /// A token that was drawn by other means from logits [1, vocabulary].
  func drawn(_ id: Int32, _ logits: Tensor) -> DrawnToken {
    DrawnToken(id: id, score: alternatives.map { BatchScoring(logits, alternatives: $0).scores([id])[0] })
  }
}

extension DecodingEngine {
  /// Reads what a conversation's state has not seen, and tells what comes next: [1, vocabulary].
  func readUnread(_ conversation: Conversation) -> Tensor {
    next(Array(conversation.unread), conversation.state)
  }

  /// Reads at least one token, and tells what comes next: [1, vocabulary].
  func next(_ ids: [Int32], _ state: ModelState) -> Tensor {
    ids.count == 1 ? step(ids, [state]) : read(ids, state)
  }
}
