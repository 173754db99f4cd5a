import Foundation
import MohawkDecoding
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

/// Speculation must not change what is likely. Seeds are fixed, so that a test that passes once passes always.
@Suite struct SpeculativeSamplingTests {
  /// χ² of counts against probabilities; infinite for what cannot be.
  private func chiSquare<Outcome: Hashable>(_ counts: [Outcome: Int], _ expected: [Outcome: Double]) -> Double {
    guard counts.keys.allSatisfy({ expected[$0] != nil }) else { return .infinity }
    let draws = Double(counts.values.reduce(0, +))
    return expected.reduce(0) { sum, entry in
      sum + pow(Double(counts[entry.key] ?? 0) - draws * entry.value, 2) / (draws * entry.value)
    }
  }

  private func candidates(_ weights: [Double]) -> [Sampler.Candidate] {
    weights.enumerated().filter { $0.element > 0 }.map { (Int32($0.offset), $0.element) }
  }

  @Test func aProposalIsReplacedSoThatTheOutcomeIsAsWanted() throws {
    let wanted = [0.45, 0.25, 0.15, 0.1, 0.05]
    // Weights need not add up to 1; a draft may lack tokens, or offer ones that are not wanted.
    let offers: [[Double]] = [
      [0.45, 0.25, 0.15, 0.1, 0.05], [1, 1, 1, 1, 1], [0.01, 0.04, 0.1, 0.25, 0.6], [0, 0, 3, 1, 0],
      [0.2, 0.2, 0.1, 0, 0, 0.5],
    ]
    for (index, offer) in offers.enumerated() {
      var options = SamplingOptions()
      options.seed = UInt64(index)
      var sampler = try Sampler(options)
      var counts: [Int32: Int] = [:]
      var kept = 0
      for _ in 0..<20_000 {
        let proposal = sampler.draw(from: candidates(offer))
        let choice = sampler.choose(proposal, from: candidates(offer), insteadOf: candidates(wanted))
        counts[choice.id, default: 0] += 1
        kept += choice.isProposal ? 1 : 0
        #expect(!choice.isProposal || choice.id == proposal)
      }
      let expected = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { (Int32($0.offset), $0.element) })
      #expect(chiSquare(counts, expected) < 23.5, "offer \(index)")  // the 99.99 % quantile with 4 degrees of freedom
      // It is kept as often as can be: Σ min(p, q).
      let total = offer.reduce(0, +)
      let share = zip(wanted, offer).reduce(0) { $0 + min($1.0, $1.1 / total) }
      #expect(abs(Double(kept) / 20_000 - share) < 0.015, "offer \(index)")
    }
  }

  /// The probabilities of all continuations of some tokens, by one pass for each.
  private func exact(
    _ engine: DecodingEngine, _ ids: [Int32], _ count: Int, _ sampler: Sampler, _ rows: LogitRows
  ) throws -> [[Int32]: Double] {
    guard count > 0 else { return [[]: 1] }
    let distribution = try rows.read(engine.read(ids, engine.emptyState())) { sampler.distribution($0) }
    let total = distribution.reduce(0) { $0 + $1.weight }
    var result: [[Int32]: Double] = [:]
    for candidate in distribution {
      var next = sampler
      next.chose(candidate.id)
      for (rest, probability) in try exact(engine, ids + [candidate.id], count - 1, next, rows) {
        result[[candidate.id] + rest, default: 0] += candidate.weight / total * probability
      }
    }
    return result
  }

  /// A thread's generator, or a batch in which each text runs alone.
  @Test(arguments: [ModelKind.hybrid, .windowed, .besideWindow, .mamba2], [false, true])
  func sampledTextsAreAsLikelyAsWithoutADraft(_ kind: ModelKind, inABatch: Bool) throws {
    let tokenizer = TextGeneratorTests.tokenizer
    // A few neighbouring tokens only, and a draft that likes them otherwise.
    let (model, other) = (kind.model(), kind.model())
    withoutGradients {
      for (index, model) in [model, other].enumerated() {
        model.parameters["lm_head.weight"]!.value.addInPlace(model.parameters["lm_head.weight"]!.value, scale: -0.8)
        let bias = model.parameters["lm_head.bias"]!.value
        bias.fill(-100)
        bias.narrowed(0, from: 30, length: 3).fill(Double(index))
        bias.selected(0, 30 + index).fill(1.5)
      }
    }
    let engine = DecodingEngine(model)
    let draft = SpeculativeDraft(DecodingEngine(other), longest: 2)
    let generator = try TextGenerator(engine, tokenizer, draft: draft)
    var options = SamplingOptions()
    options.temperature = 1.3
    options.topP = 0.97
    options.repetitionPenalty = 1.2
    let ids: [Int32] = [40, 50, 60]
    var counts: [[Int32]: Int] = [:]
    var (proposed, accepted) = (0, 0)
    let start = generator.conversation(ids)
    _ = engine.read(Array(ids.dropLast()), start.state, logits: 0)
    let batch = try BatchScheduler(engine, tokenizer, draft: BatchDraft(DecodingEngine(other), longest: 2))
    for seed in UInt64(0)..<700 {
      options.seed = seed
      if inABatch {
        let log = BatchSchedulerTests.Log()
        var request = BatchRequest(prompts: [ids], limit: 4, sampling: options)
        (request.alternatives, request.ends) = (0, generator.ends)
        batch.submit(request, tell: log.note)
        while !batch.isIdle { batch.turn() }
        counts[log.scores.map(\.id), default: 0] += 1
        (proposed, accepted) = (batch.counts.proposedTokens, batch.counts.acceptedTokens)
        continue
      }
      let result = try generator.generate(continuing: start.copy(), limit: 4, options: options)
      counts[result.tokens, default: 0] += 1
      (proposed, accepted) = (proposed + result.proposed, accepted + result.accepted)
    }
    var sampler = try Sampler(options)
    sampler.note(ids)
    let rows = LogitRows(tokenizer)
    let expected = try exact(engine, ids, 4, sampler, rows)
    // Outcomes that are expected less than five times count together.
    func grouped<Value: Numeric>(_ all: [[Int32]: Value]) -> [[Int32]: Value] {
      Dictionary(
        all.map { (expected[$0.key].map { 700 * $0 >= 5 } == true ? $0.key : [], $0.value) }, uniquingKeysWith: +)
    }
    #expect(counts.keys.allSatisfy { expected[$0] != nil })
    let freedom = Double(grouped(expected).count - 1)
    // The 99.99 % quantile of χ² by Wilson and Hilferty.
    let bound = freedom * pow(1 - 2 / (9 * freedom) + 3.719 * (2 / (9 * freedom)).squareRoot(), 3)
    #expect(freedom > 10 && chiSquare(grouped(counts), grouped(expected)) < bound)
    #expect(accepted > proposed / 10 && accepted < proposed * 19 / 20, "\(accepted) of \(proposed)")
    // The draft's own texts would have been noticed.
    let drafts = try exact(DecodingEngine(other), ids, 4, sampler, rows).filter { expected[$0.key] != nil }
    let likely = drafts.mapValues { Int(700 * $0) }
    #expect(chiSquare(grouped(likely), grouped(expected)) > 2 * bound)
  }
}
