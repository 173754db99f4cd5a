import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDecoding

@Suite struct EngineLawTests {
  static let ids: [Int32] = (0..<40).map { Int32($0 * 7 % 50) }

  static func engine(_ mixers: [DecoderConfiguration.Mixer]) -> DecodingEngine {
    Runtime.threads = 1
    let shape = DecoderConfiguration.phi(
      vocabulary: 50, modelDim: 24, mlpDim: 96, mixers: mixers,
      attention: AttentionConfiguration(
        modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, maxLength: 64, bias: true),
      discreteMamba2: DiscreteMamba2Configuration(modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8))
    return DecodingEngine(Decoder.fresh(shape, seed: 21))
  }

  static let kinds: [[DecoderConfiguration.Mixer]] = [
    [.attention, .attention], [.discreteMamba2, .discreteMamba2], [.discreteMamba2, .attention],
  ]

  /// The logits of all ids by one pass over the whole text.
  private func whole(_ engine: DecodingEngine, _ ids: [Int32]) -> Tensor {
    withoutGradients { engine.model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).squeezed(0) }
  }

  @Test(arguments: kinds) func readingInPartsIsReadingAtOnce(_ mixers: [DecoderConfiguration.Mixer]) {
    let engine = Self.engine(mixers)
    let state = engine.emptyState()
    let first = engine.read(Array(Self.ids[..<17]), state, logits: 17)
    let second = engine.read(Array(Self.ids[17...]), state, logits: 23)
    let all = whole(engine, Self.ids)
    #expect(Tensor.concatenated([first, second], 0).error(from: all) < 1e-5)
    #expect(state.position == 40)
  }

  @Test(arguments: kinds) func sequencesStepTogetherAsTheyDoAlone(_ mixers: [DecoderConfiguration.Mixer]) {
    let engine = Self.engine(mixers)
    let texts = [Self.ids, Self.ids.reversed(), Self.ids.map { ($0 + 3) % 50 }]
    let lengths = [5, 1, 20]
    let states = zip(texts, lengths).map { text, length in
      let state = engine.emptyState()
      _ = engine.read(Array(text[..<length]), state)
      return state
    }
    for offset in 0..<8 {
      let logits = engine.step(zip(texts, lengths).map { $0[$1 + offset] }, states)
      for row in 0..<3 {
        let all = whole(engine, Array(texts[row][...(lengths[row] + offset)]))
        let last = all.narrowed(0, from: all.size(0) - 1, length: 1)
        #expect(logits.narrowed(0, from: row, length: 1).error(from: last) < 1e-5)
      }
    }
  }

  @Test(arguments: kinds) func whatIsVerifiedCountsOnlyWhenCommitted(_ mixers: [DecoderConfiguration.Mixer]) {
    let engine = Self.engine(mixers)
    let all = whole(engine, Self.ids)
    for accepted in 0...4 {
      let state = engine.emptyState()
      _ = engine.read(Array(Self.ids[..<10]), state)
      let wrong = Array(Self.ids[10..<(10 + accepted)]) + Array(repeating: 49, count: 4 - accepted)
      let logits = engine.verify(wrong, state)
      let same = logits.narrowed(0, from: 0, length: accepted)
      #expect(accepted == 0 || same.error(from: all.narrowed(0, from: 10, length: accepted)) < 1e-5)
      #expect(state.position == 10)
      engine.commit(accepted, state)
      #expect(state.position == 10 + accepted)
      let rest = engine.read(Array(Self.ids[(10 + accepted)...]), state, logits: 30 - accepted)
      #expect(rest.error(from: all.narrowed(0, from: 10 + accepted, length: 30 - accepted)) < 1e-5)
    }
  }
}
