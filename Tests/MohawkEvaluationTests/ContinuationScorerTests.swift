import MohawkDecoding
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkText
import PretendDeviceSupport
import Testing

@testable import MohawkEvaluation

/// Small models of every kind with the tokenizer of the goldens.
enum TinyEvaluated {
  static func model(_ mixers: [DecoderConfiguration.Mixer], maxLength: Int = 512, window: Int? = nil) throws
    -> EvaluatedModel
  {
    Runtime.threads = 1
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, maxLength: maxLength, bias: true)
    let mamba = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8)
    let shape = DecoderConfiguration.phi(
      vocabulary: 404, modelDim: 24, mlpDim: 48,
      mixers: mixers.map { $0 == .attention ? attention as any MixerGeometry : mamba })
    let model = Decoder.fresh(shape, seed: 11, on: TestDevice.current)
    let noise = RandomGenerator(seed: 12)
    withoutGradients {
      for parameter in model.parameters.all {
        let value = parameter.value
        value.addInPlace(noise.normal(value.shape, .float32).to(on: value.device), scale: 0.2)
      }
    }
    model.freeze()
    return try EvaluatedModel(model, tokenizer(), window: window)
  }

  static func tokenizer() throws -> Tokenizer { try Tokenizer(folder: LMEvalGoldenTests.folder + "/model") }

  static let kinds: [[DecoderConfiguration.Mixer]] = [
    [.attention, .attention], [.discreteMamba2, .discreteMamba2], [.discreteMamba2, .attention],
  ]
}

@Suite struct ContinuationScorerTests {
  private func pair(_ context: [Int32], _ continuation: [Int32]) -> TokenPair {
    TokenPair(context: context, continuation: continuation)
  }

  private func near(_ a: [Likelihood], _ b: [Likelihood]) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { abs($0.logProbability - $1.logProbability) < 1e-4 && $0.isGreedy == $1.isGreedy }
  }

  @Test(arguments: TinyEvaluated.kinds) func aSharedContextGivesWhatWholeSequencesGive(
    _ mixers: [DecoderConfiguration.Mixer]
  ) throws {
    let model = try TinyEvaluated.model(mixers, window: 64)
    let scorer = ContinuationScorer(model: model)
    let context: [Int32] = (0..<40).map { $0 * 37 % 400 }
    let groups = [
      [pair(context, [5, 6, 7]), pair(context, [9]), pair(context, [5, 8, 3, 4]), pair(context, [9])],
      // Options that stand in the context, of different lengths, and a common end.
      [pair(context + [1, 2], [20, 21, 22]), pair(context + [3], [20, 21, 22])],
      // One continuation begins with the other.
      [pair(context, [7, 7]), pair(context, [7, 7, 7, 7])],
      // Too long for the window: what is left begins differently.
      [pair(context + context, [5, 6]), pair(context + context, [5, 6, 7])],
    ]
    for group in groups {
      let whole = scorer.scoreWhole(group)
      var shared = group.map { _ in Likelihood() }
      let common = scorer.sharedLength(group)
      let tokens = scorer.scoreShared(group, common, &shared)
      #expect(near(shared, whole))
      #expect(tokens == common + group.reduce(0) { $0 + $1.input(64).count - common })
    }
    #expect(scorer.sharedLength(groups[0]) == 40 && scorer.sharedLength(groups[3]) < 70)
    for pair in groups.joined() { #expect(pair.inputLength(64) == pair.input(64).count) }
    let rounded = DecodingEngine(model.engine.model, weights: .float32)
    let engine = try EvaluatedModel(rounded, model.tokenizer, window: 64)
    #expect(engine.readsByEngine && !model.readsByEngine)
    for (group, likelihoods) in zip(groups, ContinuationScorer(model: engine).score(groups)) {
      #expect(near(likelihoods, scorer.scoreWhole(group)))
    }
    var seen: [Int] = []
    var batches = scorer
    batches.batchTokens = 100
    batches.progress = { done, _ in seen.append(done) }
    let all = batches.score(groups)
    for (group, likelihoods) in zip(groups, all) { #expect(near(likelihoods, scorer.scoreWhole(group))) }
    #expect(seen.last == 10 && seen == seen.sorted())
  }

  @Test func likelihoodsAreThoseCountedTokenByToken() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .attention])
    let (context, continuation): ([Int32], [Int32]) = ([3, 1, 4, 1, 5], [9, 2, 6])
    var ids = context
    var nats = 0.0
    for next in continuation {
      let row = Tensor(ids.map(Int64.init), shape: [1, ids.count])
      let logs = withoutGradients { model.engine.model(row).selected(1, ids.count - 1).logSoftmax(-1).doubles() }
      nats += logs[Int(next)]
      ids.append(next)
    }
    let found = ContinuationScorer(model: model).score([[pair(context, continuation)]])[0][0]
    #expect(abs(found.logProbability - nats) < 1e-4 && !found.isGreedy)
  }

  @Test func greedyContinuationsAreCalledGreedy() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .discreteMamba2])
    let prompt: [Int32] = [8, 9, 10, 11]
    let text = GreedyContinuations.of(model, [prompt], limit: 6)[0]
    try #require(text.count == 6)
    let wrong = text.dropLast() + [(text[5] + 1) % 400]
    let found = ContinuationScorer(model: model).score([[pair(prompt, text)], [pair(prompt, Array(wrong))]])
    #expect(found[0][0].isGreedy && !found[1][0].isGreedy)
  }

  @Test func everyTokenOfALongTextIsPredictedOnceFromAsMuchAsAWindowHolds() {
    for count in [1, 7, 8, 9, 16, 30] {
      let ids = (0..<count).map(Int32.init)
      let pairs = RollingWindows.pairs(ids, start: 99, window: 8)
      #expect(pairs.flatMap(\.continuation) == ids)
      #expect(pairs[0].context == [99])
      for pair in pairs.dropFirst() {
        #expect(pair.input(8).count == 8)
        #expect(pair.context.last == pair.continuation[0] - 1)
      }
    }
    #expect(RollingWindows.pairs([], start: 99, window: 8).isEmpty)
  }
}
