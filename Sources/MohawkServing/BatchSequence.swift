import MohawkDecoding
import MohawkModels
import MohawkTensor

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

/// One continuation in a batch, and who is told of it.
final class BatchSequence {
  let job: BatchJob
  let choice: Int
  private(set) var text: Continuation

  init(_ job: BatchJob, choice: Int, _ text: Continuation) {
    (self.job, self.choice, self.text) = (job, choice, text)
  }

  var hasEnded: Bool { text.finish != nil }
  /// The prompt and what was said since.
  var ids: [Int32] { text.conversation.ids }
  /// What the model remembers of them.
  var state: ModelState { text.conversation.state }
  /// The token to be read next.
  var next: Int32 { ids.last! }

  /// Says the token that follows, drawn from logits [1, vocabulary].
  func draw(_ logits: Tensor) throws {
    try text.draw(logits, tell)
    endIfOver()
  }

  /// Says what the source gives when it runs the model itself.
  func step() throws {
    try text.step(tell)
    endIfOver()
  }

  private func tell(_ token: DrawnToken, _ piece: String) -> Bool {
    job.tell(.token(choice: choice, text: piece, score: token.score))
    return true
  }

  private func endIfOver() {
    guard let finish = text.finish else { return }
    job.open -= 1
    job.tell(.finished(choice: choice, text: text.rest, finish, stateBytes: state.byteCount))
    if job.open == 0 { job.isOver = true }
  }
}
