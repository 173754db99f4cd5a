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
  let state: ModelState
  /// The prompt and what was said since.
  private(set) var ids: [Int32]
  private(set) var hasEnded = false
  /// How many tokens were said.
  private(set) var made = 0
  private var sampler: Sampler
  private var output: StopAwareText
  private var decoder: StreamingDecoder

  /// - Throws: `MohawkError` when an option of sampling is out of its range, or an id is no token.
  init(_ job: BatchJob, choice: Int, prompt: [Int32], state: ModelState, _ tokenizer: Tokenizer) throws {
    self.job = job
    self.choice = choice
    self.state = state
    var options = job.request.sampling
    options.seed &+= UInt64(choice)
    sampler = try Sampler(options)
    sampler.note(prompt)
    output = StopAwareText(stops: job.request.stops)
    decoder = StreamingDecoder(tokenizer, skippingSpecial: true)
    // What the continuation begins with can depend on what it follows, such as its first space.
    for id in prompt.suffix(4) where tokenizer.token(id) != nil { _ = try decoder.append(id) }
    ids = prompt
  }

  /// The token to be read next.
  var next: Int32 { ids.last! }

  /// Chooses the next token and tells of it.
  /// - Parameters:
  ///   - row: logits of the tokens that may be chosen.
  ///   - score: how likely a token is, where that was asked for.
  ///   - isLast: whether the model has no room for another one.
  func advance(_ row: [Float], score: (Int32) -> BatchScore?, isLast: Bool) throws {
    let token = sampler.next(row)
    made += 1
    ids.append(token)
    if job.request.ends.contains(token) {
      job.tell(.token(choice: choice, text: "", score: score(token)))
      return end(output.finish(decoder.finish()), .stop)
    }
    let (piece, stopped) = output.append(try decoder.append(token))
    job.tell(.token(choice: choice, text: piece, score: score(token)))
    if stopped { return end("", .stop) }
    if made >= job.request.limit || isLast {
      let rest = output.finish(decoder.finish())
      end(rest, output.hasStopped ? .stop : .length)
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
