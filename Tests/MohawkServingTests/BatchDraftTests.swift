import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

/// Drafts in a batch: they make a text that runs alone come faster, and change nothing that is greedy.
@Suite struct BatchDraftTests {
  static let tokenizer = TextGeneratorTests.tokenizer
  typealias Log = BatchSchedulerTests.Log

  private func scheduler(
    _ engine: DecodingEngine, _ draft: Decoder?, longest: Int = 3, slice: Int = 512, cache: Int = 0
  ) throws -> BatchScheduler {
    try BatchScheduler(
      engine, Self.tokenizer, capacity: 3, slice: slice, cache: cache > 0 ? PrefixCache(byteBudget: cache) : nil,
      draft: draft.map { BatchDraft(DecodingEngine($0), longest: longest) })
  }

  private func request(_ text: String, limit: Int = 24, scored: Bool = true) -> BatchRequest {
    var options = SamplingOptions()
    options.temperature = 0
    var request = BatchRequest(prompts: [Self.tokenizer.encode(text)], limit: limit, sampling: options)
    request.alternatives = scored ? 2 : nil
    return request
  }

  private func run(_ scheduler: BatchScheduler, _ requests: [BatchRequest], apart turns: Int = .max) -> [Log] {
    let logs = requests.map { request in
      let log = Log()
      scheduler.submit(request, tell: log.note)
      for _ in 0..<min(turns, 500) where !scheduler.isIdle { scheduler.turn() }
      return log
    }
    for _ in 0..<500 where !scheduler.isIdle { scheduler.turn() }
    #expect(scheduler.isIdle)
    return logs
  }

  /// What clients are told; several tokens of one pass or one of each look alike.
  private func told(_ log: Log) -> [String] {
    log.events.map { event in
      switch event {
      case .token(let choice, let text, let score): "\(choice) \(text) \(score.map { "\($0)" } ?? "-")"
      case .finished(let choice, let text, let finish, let bytes): "\(choice) \(text) \(finish) \(bytes)"
      default: "\(event)"
      }
    }
  }

  static let texts = BatchSchedulerTests.texts

  /// Alone, in turn; all at once; and each joining while others run.
  @Test(arguments: ModelKind.allCases.filter { ![.gatedDeltaNet, .keptHeads].contains($0) }, [Int.max, 0, 4])
  func greedyAnswersAreThoseWithoutADraft(_ kind: ModelKind, apart turns: Int) throws {
    let model = kind.endless()
    let engine = DecodingEngine(model)
    let requests = Self.texts.map { request($0) }
    let wanted = run(try scheduler(engine, nil), requests, apart: turns).map(told)
    for draft in [model, ModelKind.noisy(kind.endless(), 0.02, seed: 77), model.firstLayers(1)] {
      for (longest, slice) in [(1, 512), (3, 512), (6, 2)] {
        let scheduler = try scheduler(engine, draft, longest: longest, slice: slice)
        let found = run(scheduler, requests, apart: turns).map(told)
        #expect(found == wanted, "\(longest) \(slice)")
        let counts = scheduler.counts
        #expect(counts.newTokens == 24 * requests.count && counts.acceptedTokens <= counts.proposedTokens)
        if turns == .max, longest == 3, draft === model {
          #expect(counts.acceptedTokens == counts.proposedTokens && counts.acceptedTokens > 60)
          #expect(counts.steps + counts.acceptedTokens + requests.count == counts.newTokens)
        }
      }
    }
  }

  /// Where libtorch decodes several tokens at once are rounded in another order.
  @Test func libtorchDecodesWithADraftToo() throws {
    let model = ModelKind.gatedDeltaNet.endless()
    let engine = DecodingEngine(model)
    let wanted = run(try scheduler(engine, nil), [request(Self.texts[0], scored: false)]).map(told)
    #expect(run(try scheduler(engine, model), [request(Self.texts[0], scored: false)]).map(told) == wanted)
  }

  @Test func penaltiesStopsAndEndsInsideProposalsCount() throws {
    let ids = Self.tokenizer.encode("abcd") + [Self.tokenizer.endOfText!]
    let engine = DecodingEngine(parrot(ids))
    let scheduler = try scheduler(engine, parrot(ids), longest: 8)
    var ending = request("x", limit: 50)
    ending.ends = [Self.tokenizer.endOfText!]
    var stopping = ending
    stopping.stops = ["bc"]
    let logs = run(scheduler, [ending, stopping])
    #expect(logs[0].text() == "abcd" && logs[0].finishes == [0: .stop] && logs[0].tokens == 5)
    #expect(logs[1].text() == "a" && logs[1].finishes == [0: .stop])
    #expect(scheduler.counts.newTokens == logs[0].tokens + logs[1].tokens)

    let model = ModelKind.hybrid.endless()
    var penalized = request(Self.texts[0], limit: 40)
    (penalized.sampling.repetitionPenalty, penalized.sampling.frequencyPenalty) = (1.7, 0.5)
    let plain = run(try self.scheduler(DecodingEngine(model), nil), [penalized]).map(told)
    #expect(run(try self.scheduler(DecodingEngine(model), model, longest: 5), [penalized]).map(told) == plain)
  }

  @Test(arguments: [ModelKind.phi, .hybrid]) func itEndsWhereTheModelsPlacesEnd(_ kind: ModelKind) throws {
    let model = kind.endless()
    var long = request("x", limit: 500)
    long.prompts = [Array(repeating: 5, count: 100)]
    let wanted = run(try scheduler(DecodingEngine(model), nil), [long])
    #expect(wanted[0].finishes == [0: .length] && wanted[0].tokens == 29)
    for draft in [model, ModelKind.phi.model(maxLength: 110)] {
      let found = run(try scheduler(DecodingEngine(model), draft), [long])
      #expect(told(found[0]) == told(wanted[0]))
    }
  }

  @Test func aDraftReadsALongPromptInSlices() throws {
    let model = ModelKind.phiMamba.endless()
    var long = request("x", limit: 20)
    long.prompts = [(0..<60).map { Int32($0 * 7 % 300) }]
    let scheduler = try scheduler(DecodingEngine(model), model, slice: 16)
    let log = run(scheduler, [long])[0]
    // 61 and more tokens take the draft four steps of 16, in which the text goes on by itself.
    #expect(log.tokens == 20 && scheduler.counts.proposedTokens > 0)
    #expect(scheduler.counts.steps > 4 && scheduler.counts.steps < 19)
  }

  @Test func theNextTurnOfAConversationFindsItsDraft() throws {
    let model = ModelKind.phiMamba.endless()
    let scheduler = try scheduler(DecodingEngine(model), model, slice: 32)
    let first = run(scheduler, [request("One day Tom found a red ball in the garden.", limit: 8)])[0]
    var next = request("x", limit: 12)
    next.prompts = [
      Self.tokenizer.encode("One day Tom found a red ball in the garden.") + first.scores.map(\.id) + [7, 8, 9]
    ]
    let before = scheduler.counts
    let found = run(scheduler, [next])[0]
    // The first pass after the prompt proposes already, because only a few tokens were new to the draft.
    #expect(scheduler.counts.steps - before.steps <= 3 && found.tokens == 12)
    #expect(told(found) == told(run(try self.scheduler(DecodingEngine(model), nil), [next])[0]))
    // A text that has nothing to do with it is answered all the same.
    let other = run(scheduler, [request(Self.texts[4])])[0]
    #expect(told(other) == told(run(try self.scheduler(DecodingEngine(model), nil), [request(Self.texts[4])])[0]))
  }

  @Test func choicesAndCachedPromptsHaveDraftsToo() throws {
    let model = ModelKind.hybrid.endless()
    var several = request(Self.texts[0])
    several.choices = 3
    for cache in [0, 1 << 24] {
      let found = run(try scheduler(DecodingEngine(model), model, cache: cache), [several, several])
      let wanted = run(try scheduler(DecodingEngine(model), nil), [several, several])
      for (one, other) in zip(found, wanted) { for k in 0..<3 { #expect(one.text(k) == other.text(k)) } }
    }
  }

  @Test(arguments: [Int.max, 0, 4]) func aSeedThatIsToRepeatGivesTheTextWithoutADraft(apart turns: Int) throws {
    let model = ModelKind.hybrid.endless()
    let requests = Self.texts.map { text in
      var request = request(text)
      (request.sampling.temperature, request.sampling.seed, request.isRepeatable) = (1, 7, true)
      return request
    }
    let wanted = run(try scheduler(DecodingEngine(model), nil), requests).map(told)
    let scheduler = try scheduler(DecodingEngine(model), model)
    #expect(run(scheduler, requests, apart: turns).map(told) == wanted && scheduler.counts.proposedTokens == 0)
    var free = requests[0]
    free.isRepeatable = false
    #expect(run(scheduler, [free])[0].tokens == 24 && scheduler.counts.proposedTokens > 0)
  }

  @Test func aDraftOfAnotherVocabularyIsRefused() {
    let error = #expect(throws: MohawkError.self) {
      try scheduler(DecodingEngine(ModelKind.phi.model()), ModelKind.phi.model(vocabulary: 299))
    }
    #expect(error?.code == .mismatch && error?.message.contains("the draft 299 rows") == true)
  }
}
