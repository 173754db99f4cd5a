import MohawkDecoding
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct BatchCacheTests {
  typealias Log = BatchSchedulerTests.Log

  private func scheduler(
    _ engine: DecodingEngine, _ cache: PrefixCache?, capacity: Int = 4, slice: Int = 8
  ) throws -> BatchScheduler {
    try BatchScheduler(engine, BatchSchedulerTests.tokenizer, capacity: capacity, slice: slice, cache: cache)
  }

  private func request(_ ids: [Int32], limit: Int = 10) -> BatchRequest {
    var options = SamplingOptions()
    options.temperature = 0
    var request = BatchRequest(prompts: [ids], limit: limit, sampling: options)
    request.alternatives = 3
    return request
  }

  private func answer(_ scheduler: BatchScheduler, _ request: BatchRequest) -> Log {
    let log = Log()
    scheduler.submit(request, tell: log.note)
    for _ in 0..<500 where !scheduler.isIdle { scheduler.turn() }
    #expect(scheduler.isIdle)
    return log
  }

  private func reused(_ log: Log) -> Int {
    log.events.reduce(0) { if case .promptRestored(_, let count) = $1 { $0 + count } else { $0 } }
  }

  private static let ids: [Int32] = (0..<70).map { Int32($0 * $0 * 7 % 250) }

  /// Prompts that share beginnings, of lengths at cuts and beside them.
  private static let prompts: [[Int32]] = [
    Array(ids[..<50]), Array(ids[..<50]), Array(ids[..<48]), ids, ids[..<33] + [3, 4, 5], ids[..<20] + [9], [1, 2],
    Array(ids[..<8]), Array(ids[..<9]),
  ]

  @Test(arguments: ModelKind.allCases) func answersAreTheSameToTheLastBitWithTheCache(_ kind: ModelKind) throws {
    let engine = DecodingEngine(kind.endless())
    let plain = try scheduler(engine, nil)
    let cached = try scheduler(engine, PrefixCache(byteBudget: 16 << 20, every: 16))
    for prompt in Self.prompts {
      let (wanted, found) = (answer(plain, request(prompt)), answer(cached, request(prompt)))
      #expect(found.scores == wanted.scores && found.text() == wanted.text() && found.scores.count == 10)
    }
    #expect(plain.counts.reuses == 0 && plain.counts.cacheBytes == 0)
    #expect(cached.counts.reuses == 6 && cached.counts.reusedTokens == 48 + 32 + 48 + 32 + 16 + 8)
    #expect(
      cached.counts.promptTokens + cached.counts.reusedTokens == plain.counts.promptTokens
        && cached.counts.cacheBytes > 0)
  }

  @Test(arguments: ModelKind.allCases) func theNextTurnOfATalkFindsTheAnswer(_ kind: ModelKind) throws {
    let engine = DecodingEngine(kind.endless())
    let cached = try scheduler(engine, PrefixCache(byteBudget: 16 << 20, every: 512))
    let first = answer(cached, request(Array(Self.ids[..<13]), limit: 30))
    let talk: [Int32] = Self.ids[..<13] + first.scores.map(\.id) + [7, 8, 9]
    let second = answer(cached, request(talk))
    // 13 tokens and 30 of the answer, cut after every 8.
    #expect(reused(first) == 0 && reused(second) == 40)
    #expect(second.scores == answer(try scheduler(engine, nil), request(talk)).scores)
  }

  @Test func companionsChangeNoBitOfAnAnswer() throws {
    let engine = DecodingEngine(ModelKind.hybrid.endless())
    let alone = answer(try scheduler(engine, nil), request(Self.ids))
    for cache in [nil, PrefixCache(byteBudget: 16 << 20)] {
      let busy = try scheduler(engine, cache)
      let log = Log()
      for start in [3, 11] { busy.submit(request(Array(Self.ids[start...])), tell: { _ in }) }
      busy.turn()
      busy.submit(request(Self.ids), tell: log.note)
      for _ in 0..<500 where !busy.isIdle { busy.turn() }
      #expect(log.scores == alone.scores)
    }
  }

  @Test func newWorkGoesBeforeWarmups() throws {
    let cached = try scheduler(DecodingEngine(ModelKind.phiMamba.endless()), PrefixCache(byteBudget: 16 << 20))
    let (first, second) = (Log(), Log())
    cached.submit(request([1, 2], limit: 60), tell: first.note)
    while first.finishes.isEmpty { cached.turn() }
    #expect(!cached.isIdle && cached.warmups.count == 1)
    cached.submit(request([3, 4], limit: 1), tell: second.note)
    cached.turn()
    #expect(second.finishes == [0: .length])
    for _ in 0..<20 { cached.turn() }
    #expect(cached.isIdle)
  }

  @Test func aTextAtTheModelsLongestPositionIsWarmedAsFarAsItCanBeRead() throws {
    // 120 tokens and 9 new ones are one more than the model has positions for.
    let cached = try scheduler(
      DecodingEngine(ModelKind.phi.endless()), PrefixCache(byteBudget: 16 << 20), slice: 43)
    let log = answer(cached, request(Array(repeating: 5, count: 120), limit: 500))
    #expect(log.tokens == 9)
  }

  @Test func scoredPromptsAreReadWhole() throws {
    let cached = try scheduler(DecodingEngine(ModelKind.hybrid.endless()), PrefixCache(byteBudget: 16 << 20))
    _ = answer(cached, request(Self.ids))
    var scored = request(Self.ids, limit: 0)
    scored.scoresPrompts = true
    let log = answer(cached, scored)
    #expect(log.promptScores.first?.count == Self.ids.count && reused(log) == 0)
  }
}
