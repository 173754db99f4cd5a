import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// Where the next tokens of a conversation come from, one or some at a time.
protocol TokenSource {
  /// Chooses tokens that follow all those of the conversation; at least one, at most `limit`.
  mutating func next(atMost limit: Int) throws -> [Int32]
  /// Says how many of them count, after they were appended to the conversation.
  mutating func keep(_ count: Int)
  /// How many proposals of a draft there were, and how many of them were accepted.
  var counts: (proposed: Int, accepted: Int) { get }
}

/// One token per pass of the model.
struct PlainTokens: TokenSource {
  let engine: DecodingEngine
  let rows: LogitRows
  let conversation: Conversation
  var sampler: Sampler
  /// What comes next, as long as it is known from reading the prompt.
  var logits: [Float]?

  mutating func next(atMost limit: Int) throws -> [Int32] {
    let row = try logits ?? rows.last(of: engine.readUnread(conversation))
    logits = nil
    return [sampler.next(row)]
  }

  mutating func keep(_ count: Int) {}
  let counts = (proposed: 0, accepted: 0)
}

/// Logits of the tokens that may be chosen.
struct LogitRows {
  private let highest: Int
  /// Ids below the highest one that no token has.
  private let gaps: [Int]

  init(_ tokenizer: Tokenizer) {
    highest = Int(tokenizer.highestID)
    gaps = (0...tokenizer.highestID).filter { tokenizer.token($0) == nil }.map(Int.init)
  }

  /// The rows of logits [rows, vocabulary]. Rows of the head beyond the tokenizer's ids, and in gaps between them, are
  /// padding and never chosen.
  func all(of logits: Tensor) throws -> [[Float]] {
    try (0..<logits.size(0)).map { row in
      let row = logits.narrowed(0, from: row, length: 1).floats()
      guard let row = row.withUnsafeBufferPointer({ read($0) { Array($0) } }) else {
        throw MohawkError(
          .notFinite, "the model's logits are not finite", remedy: "use precision fp32, or a model with sound weights")
      }
      return row
    }
  }

  /// Reads one row of logits over the vocabulary; nil when its numbers are not finite.
  func read<Result>(_ row: UnsafeBufferPointer<Float>, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result? {
    let row = UnsafeBufferPointer(rebasing: row[..<min(highest + 1, row.count)])
    guard LogitWeights.areFinite(row) else { return nil }
    if gaps.isEmpty { return body(row) }
    var copy = Array(row)
    for gap in gaps where gap < copy.count { copy[gap] = -.infinity }
    return copy.withUnsafeBufferPointer(body)
  }

  /// The last row.
  func last(of logits: Tensor) throws -> [Float] {
    try all(of: logits.narrowed(0, from: logits.size(0) - 1, length: 1))[0]
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
