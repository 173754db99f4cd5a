import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// Many requests on one engine: sequences join and leave between steps, and prompts are read in slices between steps,
/// so that those who are being answered need not wait for those who ask much.
///
/// It belongs to the thread of its engine; `BatchThread` gives it one.
public final class BatchScheduler {
  /// What computes.
  public let engine: DecodingEngine
  /// What gives tokens their text.
  public let tokenizer: Tokenizer
  /// Sequences that step together at most.
  public let capacity: Int
  /// Tokens of prompts that are read between two steps at most.
  public let slice: Int
  /// States of earlier texts; nil when every prompt is read whole.
  public let cache: PrefixCache?
  /// What proposes tokens to a sequence that runs alone; nil without speculation.
  public let draft: BatchDraft?
  let pieces: BatchPieces
  /// Answered texts whose states are to be kept, read when there is nothing else to do.
  var warmups: [PrefixWarmup] = []
  let rows: LogitRows
  /// The draft of the sequence that ended last, for the one that goes on from there.
  var spareDraft: SpeculativeDraft?
  private var jobs: [UInt64: BatchJob] = [:]
  private var queue = BatchQueue()
  private var prompts: [BatchPrompt] = []
  private var sequences: [BatchSequence] = []
  private var lastID: UInt64 = 0
  /// What was done so far.
  public internal(set) var counts = BatchCounts()

  /// - Parameters:
  ///   - engine: of the model.
  ///   - tokenizer: the model's.
  ///   - capacity: sequences that step together at most.
  ///   - slice: tokens of prompts that are read between two steps at most.
  ///   - cache: states of earlier texts of this engine. Answers are the same to the last bit with and without it.
  ///   - draft: a cheaper model with the same tokenizer, which proposes tokens to a sequence that runs alone.
  /// - Throws: `MohawkError` when the tokenizer's ids do not fit the model's vocabulary, or the draft's.
  public init(
    _ engine: DecodingEngine, _ tokenizer: Tokenizer, capacity: Int = 8, slice: Int = 512, cache: PrefixCache? = nil,
    draft: BatchDraft? = nil
  ) throws {
    precondition(capacity > 0 && slice > 0, "a batch of \(capacity) sequences that reads \(slice) tokens at a time")
    try tokenizer.requireFit(rows: engine.vocabulary)
    if let draft { try tokenizer.requireFit(rows: draft.engine.vocabulary, of: "draft") }
    (self.engine, self.tokenizer, self.capacity, self.slice, self.cache) = (engine, tokenizer, capacity, slice, cache)
    pieces = BatchPieces(slice: slice, every: cache?.every ?? .max)
    rows = LogitRows(tokenizer)
    self.draft = draft
  }

  /// Whether a request has not ended.
  func knows(_ id: UInt64) -> Bool { jobs[id] != nil }

  /// Whether there is nothing to do.
  public var isIdle: Bool { jobs.isEmpty && warmups.isEmpty }

  /// Takes a request; its events come from `turn`.
  /// - Parameters:
  ///   - request: with ids inside the vocabulary, and prompts that the model can look at.
  ///   - tell: told of each event, on the thread of the batch.
  /// - Returns: what `cancel` knows it by.
  @discardableResult
  public func submit(_ request: BatchRequest, tell: @escaping @Sendable (BatchEvent) -> Void) -> UInt64 {
    precondition(!request.prompts.isEmpty && request.prompts.allSatisfy { !$0.isEmpty }, "a prompt without tokens")
    precondition((1...capacity).contains(request.choices), "\(request.choices) choices in a batch of \(capacity)")
    lastID += 1
    let job = BatchJob(id: lastID, request, tell: tell)
    jobs[job.id] = job
    queue.append(job)
    counts.waiting = queue.untouched
    return job.id
  }

  /// Forgets a request; nothing more is told of it.
  public func cancel(_ id: UInt64) {
    guard let job = jobs[id], !job.isOver else { return }
    job.isOver = true
    counts.cancelled += 1
    removeOver()
    counts.waiting = queue.untouched
  }

  /// Ends all requests.
  public func failAll(_ failure: BatchFailure) {
    for job in jobs.values where !job.isOver { fail(job, failure) }
    removeOver()
  }

  /// A slice of the prompts, and one step of all sequences that have theirs behind them.
  public func turn() {
    dropLate()
    admit()
    readPrompts()
    step()
    removeOver()
    if jobs.isEmpty { warmPrefixes() }
    counts.cacheBytes = cache?.byteCount ?? 0
    counts.waiting = queue.untouched
    counts.reading = prompts.count
    counts.running = sequences.count
  }

  private func dropLate() {
    let now = ContinuousClock.now
    for job in jobs.values { if let deadline = job.request.deadline, now > deadline { fail(job, .deadline) } }
    removeOver()
  }

  private func fail(_ job: BatchJob, _ failure: BatchFailure) {
    job.isOver = true
    job.tell(.failed(failure))
  }

  private func removeOver() {
    prompts.removeAll { $0.job.isOver }
    sequences.removeAll { $0.hasEnded || $0.job.isOver }
    queue.removeOver()
    jobs = jobs.filter { !$0.value.isOver }
  }

  private func admit() {
    while true {
      let taken = sequences.count + prompts.reduce(0) { $0 + $1.job.request.choices }
      guard let (job, prompt) = queue.next(places: capacity - taken) else { return }
      prompts.append(BatchPrompt(job, index: prompt, state: engine.emptyState()))
    }
  }

  private func readPrompts() {
    var budget = slice
    while let prompt = prompts.first {
      restore(prompt)
      let count = nextPiece(of: prompt)
      if count > budget { return }
      budget -= count
      prompts.removeFirst()
      do {
        try read(prompt, count)
        if !prompt.isRead { prompts.append(prompt) }
      } catch {
        fail(prompt.job, .broken("\(error)"))
      }
    }
  }

  /// Logits of this many numbers are looked at in one go, at most.
  private static let scoredNumbers = 8 << 20

  /// How many tokens of a prompt are read next.
  private func nextPiece(of prompt: BatchPrompt) -> Int {
    let count = pieces.end(after: prompt.count, of: prompt.ids.count) - prompt.count
    return prompt.job.request.scoresPrompts ? min(count, max(1, Self.scoredNumbers / engine.vocabulary)) : count
  }

  /// Reads some tokens of a prompt, and begins its continuations after the last one.
  private func read(_ prompt: BatchPrompt, _ count: Int) throws {
    let scores = prompt.job.request.scoresPrompts
    let ids = Array(prompt.ids[prompt.count...].prefix(count))
    let logits = engine.read(ids, prompt.state, logits: scores ? ids.count : 1)
    if scores { score(prompt, ids, logits) }
    prompt.count += ids.count
    counts.promptTokens += ids.count
    keep(prompt)
    guard prompt.isRead else { return }
    if scores { prompt.job.tell(.promptScored(prompt: prompt.index, prompt.scores)) }
    try begin(prompt, logits.narrowed(0, from: logits.size(0) - 1, length: 1))
  }

  private func score(_ prompt: BatchPrompt, _ ids: [Int32], _ logits: Tensor) {
    if prompt.count == 0 { prompt.scores = [BatchScore(id: ids[0], logprob: nil, top: [])] }
    // Each row is about the token after it; the last row of the last slice is about the first new one.
    let after = Array(prompt.ids[(prompt.count + 1)...].prefix(ids.count))
    guard !after.isEmpty else { return }
    let known = logits.narrowed(0, from: 0, length: after.count)
    prompt.scores += BatchScoring(known, alternatives: prompt.job.request.alternatives ?? 0).scores(after)
  }

  private func begin(_ prompt: BatchPrompt, _ logits: Tensor) throws {
    let request = prompt.job.request
    for k in 0..<request.choices {
      let state = k == request.choices - 1 ? prompt.state : prompt.state.copy()
      let choice = prompt.index * request.choices + k
      let source = try source(Conversation(prompt.ids, state), request, choice: choice)
      let text = try Continuation(
        source, tokenizer, limit: request.limit, longest: engine.maxLength, stops: request.stops, ends: request.ends)
      let sequence = BatchSequence(prompt.job, choice: choice, text)
      try say(sequence) { try sequence.draw(logits) }
      if !sequence.hasEnded { sequences.append(sequence) }
    }
  }

  private func step() {
    let running = sequences.filter { !$0.hasEnded && !$0.job.isOver }
    guard !running.isEmpty else { return }
    counts.steps += 1
    if running.count == 1, running[0].text.source.draft != nil { return stepAlone(running[0]) }
    let logits = engine.step(running.map(\.next), running.map(\.state))
    for (index, sequence) in running.enumerated() where !sequence.job.isOver {
      attempt(sequence) {
        try say(sequence) { try sequence.draw(logits.narrowed(0, from: index, length: 1)) }
      }
    }
  }

  /// A step of a sequence whose source runs the model itself.
  private func stepAlone(_ sequence: BatchSequence) {
    let before = sequence.text.source.counts
    attempt(sequence) { try say(sequence) { try sequence.step() } }
    counts.proposedTokens += sequence.text.source.counts.proposed - before.proposed
    counts.acceptedTokens += sequence.text.source.counts.accepted - before.accepted
  }

  /// Gives a sequence's request up where something breaks.
  private func attempt(_ sequence: BatchSequence, _ body: () throws -> Void) {
    do {
      try body()
    } catch {
      fail(sequence.job, .broken("\(error)"))
    }
  }

  /// Lets a sequence say more, and keeps what others need of one that has ended.
  private func say(_ sequence: BatchSequence, _ more: () throws -> Void) throws {
    let before = sequence.text.made
    try more()
    counts.newTokens += sequence.text.made - before
    guard sequence.hasEnded else { return }
    if let draft = sequence.text.source.draft { spareDraft = draft }
    note(sequence)
  }
}

/// What a batch has done and has to do.
public struct BatchCounts: Sendable, Equatable {
  /// Requests of which nothing was read yet.
  public var waiting = 0
  /// Prompts that are being read.
  public var reading = 0
  /// Sequences that step together.
  public var running = 0
  /// Tokens of prompts that were read.
  public var promptTokens = 0
  /// Prompts of which a beginning was known.
  public var reuses = 0
  /// Tokens of prompts that were known and not read again.
  public var reusedTokens = 0
  /// Bytes of the states that are kept for later prompts.
  public var cacheBytes = 0
  /// Tokens that were chosen.
  public var newTokens = 0
  /// Steps of the batch.
  public var steps = 0
  /// Tokens that a draft proposed.
  public var proposedTokens = 0
  /// Those of them that the model accepted.
  public var acceptedTokens = 0
  /// Requests whose client went away.
  public var cancelled = 0
}
