import Foundation
import MohawkDecoding
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct BatchSchedulerTests {
  static let tokenizer = TextGeneratorTests.tokenizer

  /// What a request was told.
  final class Log: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [BatchEvent] = []

    var events: [BatchEvent] { lock.withLock { stored } }
    func note(_ event: BatchEvent) { lock.withLock { stored.append(event) } }

    func text(_ choice: Int = 0) -> String {
      events.reduce(into: "") { text, event in
        switch event {
        case .token(choice, let piece, _), .finished(choice, let piece, _, _): text += piece
        default: break
        }
      }
    }

    var finishes: [Int: BatchEvent.Finish] {
      events.reduce(into: [:]) { finishes, event in
        if case .finished(let choice, _, let finish, _) = event { finishes[choice] = finish }
      }
    }

    var tokens: Int { events.count { if case .token = $0 { true } else { false } } }

    var failure: BatchFailure? {
      for case .failed(let failure) in events { return failure }
      return nil
    }

    var promptScores: [[BatchScore]] {
      events.compactMap { if case .promptScored(_, let scores) = $0 { scores } else { nil } }
    }

    var scores: [BatchScore] { events.compactMap { if case .token(_, _, let score) = $0 { score } else { nil } } }
  }

  private func scheduler(
    _ kind: ModelKind = .hybrid, capacity: Int = 4, slice: Int = 512, endless: Bool = true
  ) throws -> BatchScheduler {
    let model = endless ? kind.endless() : kind.model()
    return try BatchScheduler(DecodingEngine(model), Self.tokenizer, capacity: capacity, slice: slice)
  }

  private func request(_ texts: String..., limit: Int = 12, temperature: Double = 0) -> BatchRequest {
    var options = SamplingOptions()
    options.temperature = temperature
    return BatchRequest(prompts: texts.map { Self.tokenizer.encode($0) }, limit: limit, sampling: options)
  }

  private func run(_ scheduler: BatchScheduler, turns: Int = 500) {
    for _ in 0..<turns where !scheduler.isIdle { scheduler.turn() }
    #expect(scheduler.isIdle)
  }

  /// What a single generator says.
  private func alone(_ scheduler: BatchScheduler, _ text: String, _ request: BatchRequest) throws -> String {
    try TextGenerator(scheduler.engine, Self.tokenizer).generate(
      text, limit: request.limit, options: request.sampling, stops: request.stops
    ).text
  }

  static let texts = ["One day Tom", "The red ball was", "Mia had a dog. It", "Anna gave", "They saw a cat in the"]

  @Test(arguments: ModelKind.allCases) func aBatchSaysWhatEachWouldSayAlone(_ kind: ModelKind) throws {
    let scheduler = try scheduler(kind, capacity: 3, slice: 3)
    let logs = Self.texts.map { text in
      let log = Log()
      scheduler.submit(request(text), tell: log.note)
      return log
    }
    run(scheduler)
    for (text, log) in zip(Self.texts, logs) {
      #expect(log.text() == (try alone(scheduler, text, request(text))))
      #expect(log.finishes == [0: .length] && log.tokens == 12)
    }
  }

  @Test func whoComesLaterJoinsWithoutDisturbing() throws {
    let scheduler = try scheduler(slice: 2)
    let (first, second) = (Log(), Log())
    scheduler.submit(request(Self.texts[0], limit: 30), tell: first.note)
    for _ in 0..<10 { scheduler.turn() }
    let before = first.tokens
    scheduler.submit(request(Self.texts[1]), tell: second.note)
    for _ in 0..<3 { scheduler.turn() }
    #expect(first.tokens == before + 3)
    run(scheduler)
    #expect(first.text() == (try alone(scheduler, Self.texts[0], request(Self.texts[0], limit: 30))))
    #expect(second.text() == (try alone(scheduler, Self.texts[1], request(Self.texts[1]))))
  }

  @Test func longPromptsDoNotStopRunningTexts() throws {
    let scheduler = try scheduler(slice: 4)
    let (running, long) = (Log(), Log())
    scheduler.submit(request("One", limit: 60), tell: running.note)
    while running.tokens == 0 { scheduler.turn() }
    var big = request("x", limit: 1)
    big.prompts = [Array(repeating: 5, count: 80)]
    scheduler.submit(big, tell: long.note)
    let before = running.tokens
    for _ in 0..<10 { scheduler.turn() }
    #expect(long.tokens == 0 && running.tokens == before + 10 && scheduler.counts.reading == 1)
    run(scheduler)
    #expect(long.tokens == 1)
  }

  @Test func promptsOfManyTakeTurns() throws {
    let scheduler = try scheduler(capacity: 1)
    let (many, one) = (Log(), Log())
    scheduler.submit(request("a", "b", "c", "d", limit: 2), tell: many.note)
    scheduler.submit(request("e", limit: 2), tell: one.note)
    while one.finishes.isEmpty { scheduler.turn() }
    #expect(many.finishes.count == 1)
    run(scheduler)
    #expect(many.finishes.count == 4)
  }

  @Test func cancelledRequestsAreNotHeardOfAgain() throws {
    let scheduler = try scheduler(capacity: 1)
    let (first, second) = (Log(), Log())
    let id = scheduler.submit(request("One day", limit: 100), tell: first.note)
    scheduler.submit(request("Two", limit: 1), tell: second.note)
    scheduler.turn()
    scheduler.cancel(id)
    let heard = first.events.count
    run(scheduler)
    #expect(first.events.count == heard && second.finishes == [0: .length] && scheduler.counts.cancelled == 1)
  }

  @Test func requestsEndAtTheirTime() throws {
    let scheduler = try scheduler()
    let log = Log()
    var late = request("One day", limit: 100)
    late.deadline = .now - .seconds(1)
    scheduler.submit(late, tell: log.note)
    run(scheduler)
    #expect(log.failure == .deadline && log.tokens == 0)
  }

  @Test func choicesOfOnePromptDifferAndRepeat() throws {
    func texts() throws -> [String] {
      let scheduler = try scheduler(capacity: 3)
      let log = Log()
      var wanted = request("One day", limit: 20, temperature: 1)
      wanted.choices = 3
      wanted.sampling.seed = 7
      scheduler.submit(wanted, tell: log.note)
      run(scheduler)
      #expect(log.finishes.count == 3 && scheduler.counts.promptTokens == wanted.prompts[0].count)
      return (0..<3).map(log.text)
    }
    let first = try texts()
    #expect(Set(first).count == 3)
    #expect(try texts() == first)
  }

  @Test func stopStringsAndEndsEndATextWithoutBeingPartOfIt() throws {
    let scheduler = try scheduler()
    let plain = try alone(scheduler, Self.texts[0], request(Self.texts[0], limit: 30))
    let stop = String(plain.dropFirst(6).prefix(3))
    let log = Log()
    var stopped = request(Self.texts[0], limit: 30)
    stopped.stops = [stop]
    scheduler.submit(stopped, tell: log.note)
    run(scheduler)
    #expect(log.text() == plain.prefix(upTo: plain.range(of: stop)!.lowerBound) && log.finishes == [0: .stop])

    let other = Log()
    var ending = request(Self.texts[0], limit: 30)
    let ids = try TextGenerator(scheduler.engine, Self.tokenizer).generate(
      Self.texts[0], limit: 30, options: ending.sampling
    ).tokens
    ending.ends = [ids[4]]
    scheduler.submit(ending, tell: other.note)
    run(scheduler)
    let place = ids.firstIndex(of: ids[4])!
    #expect(other.tokens == place + 1 && other.finishes == [0: .stop])
    #expect(other.text() == (try Self.tokenizer.decode(ids.prefix(place))))
  }

  @Test(arguments: [3, 512]) func promptScoresAreThoseOfAFullPass(slice: Int) throws {
    let scheduler = try scheduler(slice: slice)
    let log = Log()
    var scored = request(Self.texts[2], limit: 1)
    scored.scoresPrompts = true
    scored.alternatives = 2
    scheduler.submit(scored, tell: log.note)
    run(scheduler)
    let ids = scored.prompts[0]
    let all = withoutGradients {
      scheduler.engine.model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).squeezed(0).logSoftmax(-1)
    }
    let scores = try #require(log.promptScores.first)
    #expect(scores.map(\.id) == ids && scores[0].logprob == nil && scores[0].top.isEmpty)
    for (row, score) in scores.enumerated().dropFirst() {
      let wanted = all.selected(0, row - 1).floats()
      #expect(abs(score.logprob! - wanted[Int(ids[row])]) < 1e-4)
      #expect(abs(score.top[0].logprob - wanted.max()!) < 1e-4 && score.top.count == 2)
      #expect(score.top[0].logprob >= score.top[1].logprob)
    }
    #expect(log.scores.count == 1 && log.scores[0].id == log.scores[0].top[0].id)
    #expect(log.scores[0].logprob == log.scores[0].top[0].logprob)
  }

  @Test func noNewTokensAreOnlyScores() throws {
    let scheduler = try scheduler()
    let log = Log()
    var scored = request(Self.texts[0], Self.texts[1], limit: 0)
    scored.scoresPrompts = true
    scheduler.submit(scored, tell: log.note)
    run(scheduler)
    #expect(log.tokens == 0 && log.promptScores.count == 2 && log.finishes == [0: .length, 1: .length])
  }

  @Test func theModelsLongestPositionEndsAText() throws {
    let scheduler = try scheduler(.phi)
    let log = Log()
    var long = request("x", limit: 500)
    long.prompts = [Array(repeating: 5, count: 120)]
    scheduler.submit(long, tell: log.note)
    run(scheduler)
    // Positions 0 to 127 are looked at, so the last token is the one after them.
    #expect(log.tokens == 9 && log.finishes == [0: .length])
  }

  /// Or else those that were taken since the last turn would leave the queue room for as many more.
  @Test func requestsWaitFromWhenTheyAreTaken() throws {
    let scheduler = try scheduler(.phi)
    let ids = (0..<3).map { _ in scheduler.submit(request("x", limit: 1)) { _ in } }
    #expect(scheduler.counts.waiting == 3)
    scheduler.cancel(ids[1])
    #expect(scheduler.counts.waiting == 2)
    run(scheduler)
    #expect(scheduler.counts.waiting == 0)
  }

  @Test func theThreadAnswersRefusesAndEnds() async throws {
    let model = ModelKind.phiMamba
    let thread = try BatchThread(queueLimit: 2) {
      try BatchScheduler(DecodingEngine(model.endless()), Self.tokenizer, capacity: 1)
    }
    var events = 0
    for await _ in try thread.submit(request("One", limit: 3)).events { events += 1 }
    #expect(events == 4)

    // The first one has to leave the queue before others fill it, and not end before they do, however late this test's
    // turn comes on a busy machine.
    let (told, tell) = AsyncStream<Void>.makeStream()
    let endless = try thread.submit(request("Two", limit: 1 << 30)) { _ in
      tell.yield()
      usleep(1_000)
    }
    var turns = told.makeAsyncIterator()
    for _ in 0..<4 { await turns.next() }
    #expect(thread.counts.running == 1 && thread.counts.waiting == 0)
    let waiting = try (0..<2).map { _ in try thread.submit(request("Three", limit: 1)) }
    #expect(throws: BatchFailure.queueIsFull) { try thread.submit(request("Four", limit: 1)) }
    endless.cancel()
    for ticket in waiting {
      var count = 0
      for await _ in ticket.events { count += 1 }
      #expect(count == 2)
    }
    #expect(try await thread.perform { $0.capacity } == 1)
    let last = try thread.submit(request("Five", limit: 1 << 30)) { _ in usleep(1_000) }
    thread.close()
    var failure: BatchFailure?
    for await event in last.events { if case .failed(let reason) = event { failure = reason } }
    #expect(failure == .closing)
    #expect(throws: BatchFailure.closing) { try thread.submit(request("Six", limit: 1)) }
  }

  @Test func workBesideTheTextsIsBoundedAndGoesBetweenSteps() async throws {
    let model = ModelKind.phiMamba
    let thread = try BatchThread(taskLimit: 2) {
      try BatchScheduler(DecodingEngine(model.endless()), Self.tokenizer, capacity: 1)
    }
    let ((held, hold), go) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
    async let holding: Void = thread.perform { _ in
      hold.finish()
      go.wait()
    }
    for await _ in held {}
    async let second = thread.perform { $0.counts.steps }
    async let third = thread.perform { $0.counts.steps }
    while thread.waitingTasks < 2 { await Task.yield() }
    await #expect(throws: BatchFailure.queueIsFull) { try await thread.perform { _ in } }
    let text = try thread.submit(request("One", limit: 1 << 30)) { _ in usleep(1_000) }
    go.signal()
    try await holding
    let (a, b) = (try await second, try await third)
    // Whichever came first, a step of the text lies between the two.
    #expect(abs(a - b) == 1)
    text.cancel()
    thread.close()
    await #expect(throws: BatchFailure.closing) { try await thread.perform { _ in } }
  }

  @Test func aClosedThreadHasEndedWhenItComputesNothingAnyMore() async throws {
    let thread = try BatchThread {
      try BatchScheduler(DecodingEngine(ModelKind.phiMamba.endless()), Self.tokenizer, capacity: 1)
    }
    let ((held, hold), go) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
    async let work: Int32 = thread.perform { _ in
      hold.finish()
      go.wait()
      return 3
    }
    for await _ in held {}
    thread.close()
    let hasEnded = Flag()
    let waiting = Task {
      await thread.ended()
      hasEnded.set()
    }
    try await Task.sleep(for: .milliseconds(50))
    #expect(!hasEnded.isSet)
    go.signal()
    #expect(try await work == 3)
    await waiting.value
    await thread.ended()  // at once, the second time
  }

  @Test func whatCannotBeOpenedIsThrown() {
    struct Broken: Error {}
    #expect(throws: Broken.self) { try BatchThread { throw Broken() } }
  }
}

private final class Flag: @unchecked Sendable {  // guarded by `lock`
  private let lock = NSLock()
  private var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}
