import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// A request in a batch, until all its choices have ended.
final class BatchJob {
  let id: UInt64
  let request: BatchRequest
  let tell: @Sendable (BatchEvent) -> Void
  /// The first prompt that nobody has begun to read.
  var nextPrompt = 0
  /// Choices that have not ended.
  var open: Int
  /// Whether nobody waits for it any more.
  var isOver = false

  init(id: UInt64, _ request: BatchRequest, tell: @escaping @Sendable (BatchEvent) -> Void) {
    self.id = id
    self.request = request
    self.tell = tell
    open = request.prompts.count * request.choices
  }
}

/// One continuation in a batch.
final class BatchSequence {
  let job: BatchJob
  let choice: Int
  /// What its tokens are drawn from.
  var source: any TokenSource
  private(set) var hasEnded = false
  /// How many tokens were said.
  private(set) var made = 0
  private var said: ContinuedText

  /// - Throws: `MohawkError` when an id is no token.
  init(_ job: BatchJob, choice: Int, _ source: any TokenSource, _ tokenizer: Tokenizer) throws {
    (self.job, self.choice, self.source) = (job, choice, source)
    said = try ContinuedText(
      tokenizer, after: source.conversation.ids, stops: job.request.stops, ends: job.request.ends)
  }

  /// The prompt and what was said since.
  var ids: [Int32] { source.conversation.ids }
  /// What the model remembers of them.
  var state: ModelState { source.conversation.state }
  /// The token to be read next.
  var next: Int32 { ids.last! }

  /// Says the next token.
  /// - Parameters:
  ///   - token: as it was drawn.
  ///   - isLast: whether the model has no room for another one.
  func say(_ token: DrawnToken, isLast: Bool) throws {
    made += 1
    source.conversation.append([token.id])
    let (piece, isOver) = try said.take(token.id)
    if said.hasEnded {
      job.tell(.token(choice: choice, text: "", score: token.score))
      return end(said.finish(), .stop)
    }
    job.tell(.token(choice: choice, text: piece, score: token.score))
    if isOver { return end("", .stop) }
    if made >= job.request.limit || isLast {
      let rest = said.finish()
      end(rest, said.hasStopped ? .stop : .length)
    }
  }

  /// Ends a choice that is to have no new token.
  func endWithout() { end("", .length) }

  private func end(_ text: String, _ finish: BatchEvent.Finish) {
    hasEnded = true
    job.open -= 1
    job.tell(.finished(choice: choice, text: text, finish, stateBytes: state.byteCount))
    if job.open == 0 { job.isOver = true }
  }
}
