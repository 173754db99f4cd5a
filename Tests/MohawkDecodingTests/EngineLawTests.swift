import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDecoding

/// Every kind of model against its own forward pass over the whole text.
@Suite(.serialized) struct EngineLawTests {
  static let ids: [Int32] = (0..<60).map { Int32($0 * $0 * 7 % 50) }

  init() { Runtime.threads = 1 }

  /// Whether each row of logits is that of the text, from position `first` on.
  private func expect(
    _ logits: Tensor, _ whole: Tensor, from first: Int, within tolerance: Double = 1e-5, _ comment: Comment? = nil
  ) {
    let error = logits.error(from: whole.narrowed(0, from: first, length: logits.size(0)))
    #expect(error < tolerance, comment)
  }

  @Test(arguments: EngineModels.allCases) func readingInPartsIsReadingAtOnce(_ kind: EngineModels) {
    let engine = kind.engine()
    let text = Self.ids + Self.ids.reversed()
    let all = engine.whole(text)
    let state = engine.emptyState()
    // Long reads by libtorch, short ones natively, in turn.
    #expect((8..<66).contains(engine.shortRead))
    var first = 0
    for count in [1, 2, 66, 1, 5, 12, 3, 8, 22] {
      let logits = engine.read(Array(text[first..<(first + count)]), state, logits: count)
      expect(logits, all, from: first, "\(count) tokens at \(first)")
      first += count
      #expect(state.layers.allSatisfy { $0.position == first })
    }
    #expect(first == 120)
  }

  @Test(arguments: EngineModels.allCases) func sequencesStepTogetherAsTheyDoAlone(_ kind: EngineModels) {
    let engine = kind.engine()
    let texts = [Self.ids, Self.ids.reversed(), Self.ids.map { ($0 + 3) % 50 }]
    let wholes = texts.map { engine.whole($0) }
    let lengths = [5, 1, 20]
    let states = zip(texts, lengths).map { text, length in
      let state = engine.emptyState()
      _ = engine.read(Array(text[..<length]), state)
      return state
    }
    for offset in 0..<30 {
      let logits = engine.step(zip(texts, lengths).map { $0[$1 + offset] }, states)
      for row in 0..<3 {
        expect(logits.narrowed(0, from: row, length: 1), wholes[row], from: lengths[row] + offset, "step \(offset)")
      }
    }
  }

  @Test(arguments: EngineModels.allCases) func whatIsVerifiedCountsOnlyWhenCommitted(_ kind: EngineModels) {
    let engine = kind.engine()
    let all = engine.whole(Self.ids)
    for accepted in 0...5 {
      let state = engine.emptyState()
      _ = engine.read(Array(Self.ids[..<10]), state)
      let wrong = Array(Self.ids[10..<(10 + accepted)]) + Array(repeating: 49, count: 5 - accepted)
      let logits = engine.verify(wrong, state)
      if accepted > 0 { expect(logits.narrowed(0, from: 0, length: accepted), all, from: 10) }
      #expect(state.position == 10)
      engine.commit(accepted, state)
      #expect(state.layers.allSatisfy { $0.position == 10 + accepted })
      let rest = engine.read(Array(Self.ids[(10 + accepted)...]), state, logits: 50 - accepted)
      expect(rest, all, from: 10 + accepted, "\(accepted) accepted")
    }
  }

  @Test(arguments: EngineModels.allCases) func verifyingLeavesTheStateAsItIs(_ kind: EngineModels) {
    let engine = kind.engine()
    let state = engine.emptyState()
    _ = engine.read(Array(Self.ids[..<9]), state)
    let before = state.copy()
    _ = engine.verify([1, 2, 3, 4], state)
    let first = engine.step([7], [before]).copy()
    #expect(engine.step([7], [state]).isIdentical(to: first))
  }

  @Test(arguments: EngineModels.allCases) func twoVerifiedStatesAreCommittedInAnyOrder(_ kind: EngineModels) {
    let engine = kind.engine()
    let all = engine.whole(Self.ids)
    let states = [engine.emptyState(), engine.emptyState()]
    _ = engine.read(Array(Self.ids[..<4]), states[0])
    _ = engine.read(Array(Self.ids[..<12]), states[1])
    _ = engine.verify(Array(Self.ids[4..<8]), states[0])
    _ = engine.verify(Array(Self.ids[12..<15]), states[1])
    engine.commit(3, states[0])
    engine.commit(2, states[1])
    expect(engine.step([Self.ids[7]], [states[0]]), all, from: 7)
    expect(engine.step([Self.ids[14]], [states[1]]), all, from: 14)
  }

  @Test(arguments: EngineModels.allCases) func copiesOfAStateGoTheirOwnWays(_ kind: EngineModels) {
    let engine = kind.engine()
    let all = engine.whole(Self.ids)
    let state = engine.emptyState()
    _ = engine.read(Array(Self.ids[..<9]), state)
    let copy = state.copy()
    for _ in 0..<5 { _ = engine.step([3], [state]) }
    for position in 9..<14 { expect(engine.step([Self.ids[position]], [copy]), all, from: position) }
  }

  @Test(arguments: EngineModels.allCases) func threadsAndCompanionsChangeNoBit(_ kind: EngineModels) {
    defer { Runtime.threads = 1 }
    let engine = kind.engine()
    func run(threads: Int, companions: Int) -> Tensor {
      let states = (0...companions).map { _ in engine.emptyState() }
      Runtime.threads = 1
      for (index, state) in states.enumerated() {
        _ = engine.read(Array(Self.ids[..<7]), state)
        _ = engine.read(Array(Self.ids[7..<(11 + index)]), state)
      }
      Runtime.threads = threads
      let rows = (0..<6).map { step in
        let ids = states.indices.map { Self.ids[11 + step + $0] }
        return engine.step(ids, states).narrowed(0, from: 0, length: 1).copy()
      }
      return .concatenated(rows + [engine.verify(Array(Self.ids[17..<21]), states[0])], 0)
    }
    let alone = run(threads: 1, companions: 0)
    for (threads, companions) in [(1, 3), (2, 0), (3, 0), (2, 4), (3, 1)] {
      #expect(
        run(threads: threads, companions: companions).isIdentical(to: alone), "\(threads) threads, \(companions) more")
    }
  }

  @Test(arguments: EngineModels.allCases, Instructions.allCases)
  func everySetOfInstructionsComputesTheSame(_ kind: EngineModels, _ set: Instructions) {
    let engine = kind.engine()
    let all = engine.whole(Self.ids)
    Instructions.limited(to: set) {
      let state = engine.emptyState()
      for position in 0..<12 { expect(engine.step([Self.ids[position]], [state]), all, from: position) }
      expect(engine.verify(Array(Self.ids[12..<19]), state), all, from: 12)
      engine.commit(6, state)
      expect(engine.read([Self.ids[18]], state), all, from: 18)
    }
  }

  @Test(arguments: EngineModels.allCases) func modelsInBF16AreAsNearAsTheirRounding(_ kind: EngineModels) {
    let engine = kind.engine(compute: .bfloat16, dtype: .bfloat16)
    let exact = DecodingEngine(Decoder.fresh(kind.shape, seed: 21, dtype: .bfloat16, compute: .float32))
    let all = exact.whole(Self.ids)
    let state = engine.emptyState()
    let read = engine.read(Array(Self.ids[..<20]), state, logits: 20)
    expect(read, all, from: 0, within: 3e-2)
    for position in 20..<30 { expect(engine.step([Self.ids[position]], [state]), all, from: position, within: 3e-2) }
    expect(engine.verify(Array(Self.ids[30..<36]), state), all, from: 30, within: 3e-2)
    engine.commit(6, state)
    expect(engine.read(Array(Self.ids[36...]), state, logits: 24), all, from: 36, within: 3e-2)
  }

  @Test(arguments: EngineModels.allCases, WeightPrecision.allCases)
  func roundedMatricesDecodeAsTheModelOfTheirNumbers(_ kind: EngineModels, _ precision: WeightPrecision) throws {
    let rounded = QuantizedDecoder(kind.engine().model, precision)
    let engine = DecodingEngine(rounded)
    let all = DecodingEngine(try rounded.dequantized()).whole(Self.ids)
    // What is multiplied is rounded as well: to bf16, or to 8 bits per 32.
    let tolerance = precision == .float32 ? 1e-5 : 4e-2
    let state = engine.emptyState()
    expect(engine.read(Array(Self.ids[..<20]), state, logits: 3), all, from: 17, within: tolerance)
    for position in 20..<25 {
      expect(engine.step([Self.ids[position]], [state]), all, from: position, within: tolerance)
    }
    _ = engine.verify(Array(Self.ids[25..<30]), state)
    engine.commit(4, state)
    expect(engine.read(Array(Self.ids[29...]), state, logits: 31), all, from: 29, within: tolerance)
  }

  @Test func longTextsAreReadInPartsByLibtorchToo() {
    var shape = EngineModels.granite.shape
    shape.changeAttention { $0.maxLength = 8192 }
    let engine = DecodingEngine(Decoder.fresh(shape, seed: 21))
    let border = DecodingEngine.plainRead
    let long = (0..<border + 100).map { Int32($0 * 11 % 50) }
    let all = engine.whole(long)
    let state = engine.emptyState()
    _ = engine.read(Array(long[..<border]), state, logits: 0)
    let rest = engine.read(Array(long[border...]), state, logits: 100).copy()
    for wanted in [0, 1, 100, 101, border + 100] {
      let logits = engine.read(long, engine.emptyState(), logits: wanted)
      #expect(logits.shape == [wanted, 50])
      if wanted > 0 { expect(logits, all, from: border + 100 - wanted) }
      if wanted == 100 { #expect(logits.isIdentical(to: rest)) }
    }
  }

  @Test func longTextsAreReadInPartsWithRoundedMatrices() {
    var shape = EngineModels.granite.shape
    shape.changeAttention { $0.maxLength = 256 }
    let engine = DecodingEngine(Decoder.fresh(shape, seed: 21), weights: .float32)
    let long = (0..<228).map { Int32($0 * 11 % 50) }
    let all = engine.whole(long)
    for wanted in [0, 1, 100, 101, 228] {
      let logits = engine.read(long, engine.emptyState(), logits: wanted)
      #expect(logits.shape == [wanted, 50])
      if wanted > 0 { expect(logits, all, from: 228 - wanted) }
    }
  }
}
