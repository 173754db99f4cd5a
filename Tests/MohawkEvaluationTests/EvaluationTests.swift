import Foundation
import MohawkDecoding
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkEvaluation

/// Small models with a vocabulary of 30.
private enum Tiny {
  static func model(_ mixers: [DecoderConfiguration.Mixer], seed: UInt64, dtype: DType = .float64) -> Decoder {
    Runtime.threads = 1
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 4, headDim: 6, rotaryDim: 4, maxLength: 256, bias: true)
    let mamba = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8)
    let shape = DecoderConfiguration.phi(
      vocabulary: 30, modelDim: 24, mlpDim: 96,
      mixers: mixers.map { $0 == .attention ? attention as any MixerGeometry : mamba })
    let model = Decoder.fresh(shape, seed: seed, dtype: dtype)
    let noise = RandomGenerator(seed: seed + 100)
    withoutGradients {
      for parameter in model.parameters.all {
        parameter.value.addInPlace(noise.normal(parameter.value.shape, dtype), scale: 0.2)
      }
    }
    model.freeze()
    return model
  }

  static let transformer: [DecoderConfiguration.Mixer] = [.attention, .attention]
  static let stateSpace: [DecoderConfiguration.Mixer] = [.discreteMamba2, .discreteMamba2]

  static func windows(_ rows: Int, _ length: Int, seed: UInt64 = 3) -> Tensor {
    RandomGenerator(seed: seed).integers(0..<30, [rows, length + 1])
  }

  /// log p of every token of the vocabulary at every position, from doubles: [position][token].
  static func logProbabilities(_ model: Decoder, _ windows: Tensor) -> [[Double]] {
    let logits = model(windows.narrowed(1, from: 0, length: windows.size(1) - 1)).doubles()
    return stride(from: 0, to: logits.count, by: 30).map { first in
      let row = logits[first..<first + 30]
      let peak = row.max()!
      let sum = log(row.reduce(0) { $0 + exp($1 - peak) }) + peak
      return row.map { $0 - sum }
    }
  }

  static func targets(_ windows: Tensor) -> [Int] {
    windows.narrowed(1, from: 1, length: windows.size(1) - 1).integers()
  }
}

@Suite struct PerplexityTests {
  @Test func perplexityIsThatCountedByHand() {
    let model = Tiny.model(Tiny.transformer, seed: 1)
    let batches = [Tiny.windows(2, 7), Tiny.windows(3, 5, seed: 4)]
    var nats = 0.0
    var count = 0
    for windows in batches {
      for (row, target) in zip(Tiny.logProbabilities(model, windows), Tiny.targets(windows)) {
        nats -= row[target]
        count += 1
      }
    }
    let measured = Perplexity.measure(model, batches)
    #expect(measured.tokens == 29 && count == 29)
    #expect(abs(measured.negativeLogLikelihood - nats) < 1e-10 * nats)
    #expect(abs(measured.value - exp(nats / 29)) < 1e-10 * measured.value)
    #expect(abs(measured.bitsPerByte(bytes: 58) - nats / 29 / log(2) / 2) < 1e-12)
  }

  @Test func guessingEvenlyHasThePerplexityOfTheVocabulary() {
    let model = Tiny.model(Tiny.transformer, seed: 1)
    withoutGradients {
      for name in ["lm_head.weight", "lm_head.bias"] { model.parameters[name]!.value.fill(0) }
    }
    let measured = Perplexity.measure(model, [Tiny.windows(2, 9)])
    #expect(abs(measured.value - 30) < 1e-10)
    #expect(abs(measured.bitsPerByte(bytes: 18) - log2(30)) < 1e-12)
  }

  @Test(arguments: [1, 30, 31, 100, 210, 1 << 21]) func slicesAreTheWhole(_ elements: Int) {
    let (teacher, student) = (Tiny.model(Tiny.transformer, seed: 1), Tiny.model(Tiny.stateSpace, seed: 2))
    let windows = Tiny.windows(3, 7)
    var (sliced, whole) = (Perplexity(), Perplexity())
    sliced.add(student, windows, sliced: elements)
    whole.add(student, windows, sliced: .max)
    #expect(sliced.tokens == 21 && abs(sliced.value - whole.value) < 1e-10)
    var (parts, all) = (Comparison(), Comparison())
    parts.add(teacher: teacher, student: student, windows, sliced: elements)
    all.add(teacher: teacher, student: student, windows, sliced: .max)
    #expect(abs(parts.kl - all.kl) < 1e-12 && parts.agreement == all.agreement)
    #expect(abs(parts.teacher.value - all.teacher.value) < 1e-10)
    #expect(abs(parts.student.value - whole.value) < 1e-10)
  }

  @Test func brainFloatsAreJudgedInFloats() {
    let exact = Tiny.model(Tiny.transformer, seed: 1, dtype: .float32)
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1)))
    let rough = Decoder(exact.configuration, build, compute: .bfloat16)
    withoutGradients {
      for (mine, theirs) in zip(rough.parameters.all, exact.parameters.all) { mine.value.assign(theirs.value) }
    }
    let windows = [Tiny.windows(4, 20)]
    let (a, b) = (Perplexity.measure(exact, windows).value, Perplexity.measure(rough, windows).value)
    #expect(abs(a - b) < 0.02 * a && a != b)
  }
}

@Suite struct ComparisonTests {
  @Test func divergenceAndAgreementAreThoseCountedByHand() {
    let (teacher, student) = (Tiny.model(Tiny.transformer, seed: 1), Tiny.model(Tiny.stateSpace, seed: 2))
    let batches = [Tiny.windows(2, 40), Tiny.windows(1, 33, seed: 5)]
    var (divergence, agreeing, count) = (0.0, 0, 0)
    for windows in batches {
      let (p, q) = (Tiny.logProbabilities(teacher, windows), Tiny.logProbabilities(student, windows))
      for (p, q) in zip(p, q) {
        divergence += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        if p.firstIndex(of: p.max()!) == q.firstIndex(of: q.max()!) { agreeing += 1 }
        count += 1
      }
    }
    let comparison = Comparison.measure(teacher: teacher, student: student, batches)
    #expect(count == 113 && (1..<113).contains(agreeing))
    #expect(abs(comparison.kl - divergence / 113) < 1e-10)
    #expect(abs(comparison.agreement - Double(agreeing) / 113) < 1e-12)
    #expect(abs(comparison.teacher.value - Perplexity.measure(teacher, batches).value) < 1e-9)
    #expect(abs(comparison.student.value - Perplexity.measure(student, batches).value) < 1e-9)
  }

  @Test func aModelAgreesWithItself() {
    let model = Tiny.model(Tiny.stateSpace, seed: 2, dtype: .float32)
    let comparison = Comparison.measure(teacher: model, student: model, [Tiny.windows(2, 20)])
    #expect(comparison.kl == 0 && comparison.agreement == 1)
    #expect(comparison.teacher == comparison.student)
  }

  @Test(arguments: [Tiny.stateSpace, Tiny.transformer])
  func anEngineIsComparedByWhatItReads(_ mixers: [DecoderConfiguration.Mixer]) {
    let teacher = Tiny.model(Tiny.transformer, seed: 1, dtype: .float32)
    let student = Tiny.model(mixers, seed: 2, dtype: .float32)
    let batches = [Tiny.windows(2, 40), Tiny.windows(1, 33, seed: 5)]
    let plain = Comparison.measure(teacher: teacher, student: student, batches)
    let engine = Comparison.measure(teacher: teacher, student: DecodingEngine(student), batches)
    #expect(engine.student.tokens == 113 && engine.teacher.tokens == 113)
    #expect(abs(engine.kl - plain.kl) < 1e-5 && abs(engine.student.value - plain.student.value) < 1e-3)
    #expect(engine.agreement == plain.agreement)
    let rounded = DecodingEngine(student, weights: .int4)
    #expect(Comparison.measure(teacher: student, student: rounded, batches).kl > 0)
  }
}

@Suite struct DecodeSpeedTests {
  @Test func theStateOfAStateSpaceModelStaysAsItIs() {
    let ids: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6]
    func cost(_ mixers: [DecoderConfiguration.Mixer], _ context: Int) -> DecodeSpeed {
      DecodeSpeed.measure(Tiny.model(mixers, seed: 1, dtype: .float32), context: context, steps: 3, filledWith: ids)
    }
    let (short, long) = (cost(Tiny.stateSpace, 1), cost(Tiny.stateSpace, 1500))
    #expect(short.stateBytes == long.stateBytes)
    // Memory [4, 6, 5], three inputs of 24 + 40 convolved channels, two layers, four bytes each.
    #expect(short.stateBytes == 2 * 4 * (4 * 6 * 5 + 3 * (24 + 40)))
    #expect(short.milliseconds > 0 && long.milliseconds > 0)
    let (few, many) = (cost(Tiny.transformer, 10), cost(Tiny.transformer, 200))
    #expect(many.stateBytes >= 4 * few.stateBytes)
  }
}

@Suite struct RecallTests {
  @Test func recallIsTheShareOfAnswersThatGreedyGenerationGives() {
    let model = Tiny.model(Tiny.stateSpace, seed: 2)
    func greedy(_ prompt: [Int32], _ count: Int) -> [Int32] {
      var ids = prompt
      for _ in 0..<count {
        let row = Tensor(ids.map(Int64.init), shape: [1, ids.count])
        ids.append(Int32(model(row).selected(1, ids.count - 1).argmax(-1).intItem()))
      }
      return Array(ids[prompt.count...])
    }
    let prompts: [[Int32]] = [[1, 2, 3], [4, 5], [6], [7, 8, 9, 10]]
    var tasks = prompts.map { (prompt: $0, answer: greedy($0, 3)) }
    #expect(Recall.accuracy(model, tasks) == 1)
    tasks[1].answer[2] = (tasks[1].answer[2] + 1) % 30
    #expect(Recall.accuracy(model, tasks) == 0.75)
    #expect(Recall.accuracy(model, []).isNaN)
  }
}
