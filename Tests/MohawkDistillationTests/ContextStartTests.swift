import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

@Suite struct ContextStartTests {
  private func ids(_ length: Int = 48) -> Tensor { RandomGenerator(seed: 9).integers(0..<40, [2, length]) }

  /// A teacher without rotary positions, and its student.
  private func pair(
    kvHeads: Int = 4, rotaryDim: Int = 0, stateDim: Int = 6, of shape: DecoderConfiguration? = nil
  ) throws -> TinyPair {
    var shape = shape ?? TinyPair.shape(kvHeads: kvHeads)
    shape.changeAttention { $0.rotaryDim = rotaryDim }
    return try TinyPair(of: shape) {
      $0.mixer = .discreteMamba2
      $0.stateDim = stateDim
      $0.start = .context
    }
  }

  private func outputError(_ tiny: TinyPair, _ ids: Tensor) -> [Double] {
    withoutGradients {
      tiny.teacherInputs(ids).enumerated().map { layer, hidden in
        let block = tiny.teacher.blocks[layer]
        let input = block.mixerInput(hidden)
        let target = block.mixer(input)
        let difference = tiny.student.blocks[layer].mixer(input) - target
        return (difference.square().sum() / target.square().sum()).sqrt().item()
      }
    }
  }

  @Test func aHeadThatIsAnExponentialWindowIsReproduced() throws {
    // Context made by hand: 0.3 times a window of decay 0.93, and half of the token itself.
    let length = 40
    let values = RandomGenerator(seed: 1).normal([2, 4, length, 6], .float64)
    let scores = RandomGenerator(seed: 2).normal([2, 4, length, length], .float64)
    let rows = (0..<length).flatMap { i in (0..<length).map { j in j > i ? 0 : 0.3 * pow(0.93, Double(i - j)) } }
    let context = Tensor(rows, shape: [length, length]).matmul(values) + values * 0.5
    let features = HeadFeatures(values: values, scores: scores)
    let tried = ContextFit.decays.map { features.fit(context, decays: Array(repeating: $0, count: 4), ridge: 1e-9) }
    for head in 0..<4 {
      let fit = try #require(tried.map { $0[head] }.min { $0.error < $1.error })
      #expect(fit.decay == 0.93)
      #expect(abs(fit.uniform - 0.3) < 1e-4 && abs(fit.content) < 1e-4 && abs(fit.skip - 0.5) < 1e-4)
      #expect(fit.error < 1e-4)
    }
  }

  @Test(arguments: [4, 2, 1]) func theStudentComputesWhatWasFitted(_ kvHeads: Int) throws {
    // A state with room for all dimensions and the constant: scores without positions are exact, biases and all.
    let tiny = try pair(kvHeads: kvHeads, stateDim: 7)
    let fits = try ContextStart.run(tiny.pair, ids())
    for layer in 0..<3 {
      let input = tiny.teacher.blocks[layer].mixerInput(tiny.teacherInputs(ids())[layer])
      let attention = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let mixer = try #require(tiny.student.blocks[layer].mixer as? DiscreteMamba2)
      let operands = mixer.operands(input, for: .mixing)
      let (b, c) = operands.bAndC
      let products = c.transposed(1, 2).matmul(b.transposed(1, 2).transposed())
      let fit = ContextFit(attention, input, dimensions: 6)
      let heads = try #require(fits[layer])
      #expect(fit.fits == heads && heads.contains { $0.meanKey != 0 && $0.meanQuery != 0 })
      func numbers(_ path: KeyPath<HeadFit, Double>) -> Tensor {
        Tensor(heads.map { $0[keyPath: path] }, shape: [4, 1, 1])
      }
      let means = try #require(fit.means)
      let queries = AttentionHeads.activations(input, fit.heads.query, fit.heads.queryBias).matmul(means.key)
      let keys = AttentionHeads.activations(input, fit.heads.key, fit.heads.keyBias).matmul(means.query).transposed()
      let wanted =
        fit.heads.scores(input) * numbers(\.content) + numbers(\.uniform)
        + (queries * numbers(\.meanKey) + keys * numbers(\.meanQuery)) * fit.heads.scale
      #expect(products.error(from: wanted) < 1e-9)
      let values = attention.values(attention.operands(input, for: .mixing))
      #expect(operands.x!.error(from: values + fit.valueBias!) < 1e-12)
      // The gate, behind the mixer's own matrix: its decays keep a tenth of what was drawn.
      let targets = ContextTargets(attention, input, dimensions: 6)
      let moved = targets.values + fit.valueBias!.unsqueezed(1)
      let factors = fit.gate!.factors(input)
      let own = (mixer.matrix(of: input).matmul(moved) * factors).transposed(1, 2).reshaped(2, 48, -1)
      #expect(mixer(input).error(from: own.matmul(attention.dense.weight.transposed())) < 1e-9)
      // The errors are those of the heads with all of it.
      let heard = HeadFeatures(fit.heads, values: targets.values, means, input).matrices(heads).matmul(moved) * factors
      let errors = (heard - targets.context).square().sum(over: 0, 2, 3)
      let sizes = targets.context.square().sum(over: 0, 2, 3)
      #expect((errors / sizes).sqrt().error(from: Tensor(heads.map(\.error))) < 1e-9)
      #expect(mixer.skip.error(from: Tensor(heads.map(\.skip))) < 1e-12)
    }
  }

  @Test func headsThatAGateScalesAndAValueIsAddedToAreReproduced() {
    let (length, width) = (60, 5)
    let input = RandomGenerator(seed: 1).normal([3, length, width], .float64)
    let values = RandomGenerator(seed: 2).normal([3, 2, length, 6], .float64)
    let scores = RandomGenerator(seed: 3).normal([3, 2, length, length], .float64) * 0.3
    let features = HeadFeatures(values: values, scores: scores)
    let rows = RandomGenerator(seed: 4).normal([2, width], .float64) * 0.3
    var fits = [0.93, 0.7].map { HeadFit(decay: $0, uniform: 0.3, content: 0.2, skip: 0.5, error: 0) }
    let gate = (input.matmul(rows.transposed()) + 1).silu().transposed(1, 2).unsqueezed(-1)
    let mixed = features.mixed(fits)
    var found = GateFit(heads: 2, width: width)
    for _ in 0..<8 { found = found.improved(input, mixed: mixed, context: mixed * gate, ridge: 0) }
    #expect(found.rows.error(from: rows) < 1e-6 && found.bias.error(from: Tensor([1, 1])) < 1e-6)
    let added = RandomGenerator(seed: 5).normal([2, 6], .float64)
    let context = features.matrices(fits).matmul(values + added.unsqueezed(1)) * gate
    #expect(features.addBias(&fits, context, gate: gate).error(from: added) < 2e-2)
    #expect(fits.allSatisfy { $0.error < 1e-2 })
  }

  @Test func theGateBesideAWindowStandsOpenAndIsNotAmongWhatTheStartSets() throws {
    let alone = try pair()
    let beside = try TinyPair(of: TinyPair.shape()) {
      $0.mixer = .discreteMamba2
      $0.window = 8
      $0.start = .context
    }
    func rows(_ tiny: TinyPair) -> Tensor { tiny.student.parameters["layers.0.mixer.in_proj.z"]!.value }
    let before = [alone, beside].map { rows($0).copy() }
    for tiny in [alone, beside] { try ContextStart.run(tiny.pair, ids()) }
    for name in ["layers.0.mixer.in_proj.z", "layers.0.mixer.z_bias"] {
      #expect(ContextStart.fits(name, of: alone.student.configuration))
      #expect(!ContextStart.fits(name, of: beside.student.configuration))
    }
    #expect(!rows(alone).isIdentical(to: before[0]) && rows(beside).isIdentical(to: before[1]))
  }

  @Test func meansAndGateBringAHeadNearerThanItsThreeNumbers() throws {
    let tiny = try pair(rotaryDim: 4)
    let input = tiny.teacher.blocks[1].mixerInput(tiny.teacherInputs(ids())[1])
    let attention = try #require(tiny.teacher.blocks[1].mixer as? Attention)
    let targets = ContextTargets(attention, input, dimensions: 5)
    let beside = ContextFit(attention, input, dimensions: 5, alone: false)
    let decays = beside.fits.map(\.decay)
    let three = HeadFeatures(values: targets.values, scores: targets.scores(decays: decays))
      .fit(targets.context, decays: decays)
    let alone = ContextFit(attention, input, dimensions: 5)
    #expect(beside.gate == nil && beside.valueBias == nil)
    for (head, fit) in three.enumerated() {
      #expect(beside.fits[head].error < fit.error && alone.fits[head].error < beside.fits[head].error)
    }
  }

  /// Heads whose scores are what a state-space head computes, but for a factor and an angle of each pair.
  @Test(arguments: [4, 6]) func pairsThatAreMultipliedAreFound(_ rotaryDim: Int) throws {
    let tiny = try pair(rotaryDim: rotaryDim)
    let input = tiny.teacher.blocks[0].mixerInput(tiny.teacherInputs(ids())[0])
    let attention = try #require(tiny.teacher.blocks[0].mixer as? Attention)
    let targets = ContextTargets(attention, input, dimensions: 6)
    let decays = [0.9, 0.7, 0.5, 0.95]
    let heads = targets.folded(decays: decays)
    var multiplied = heads
    let pairs = rotaryDim / 2
    var truth = [[Double]](repeating: [], count: 4)
    for head in 0..<4 {
      for pair in 0..<pairs { truth[head].append(1 + 0.3 * Double(pair) - 0.2 * Double(head)) }
    }
    let real = Tensor(Array(truth.joined()), shape: [4, pairs, 1])
    multiplied.multiplyPairs(real, Tensor.full([4, pairs, 1], 0.4, .float64))
    let counts = ContextTargets.columnsThatCount(targets.values)
    func features(_ heads: AttentionHeads) -> HeadFeatures {
      HeadFeatures(heads, values: targets.values, heads.means(input, counts: counts), input)
    }
    let fits = decays.map { HeadFit(decay: $0, uniform: 0.1, content: 0.5, skip: 0.2, error: 0) }
    let context = features(multiplied).mixed(fits)
    let found = PairFit(heads, pairs: pairs, features(heads), fits, context: context, input: input, ridge: 1e-9)
    for head in 0..<4 {
      var square = 0.0
      for real in truth[head] { square += real * real + 0.4 * 0.4 }
      let size = (square / Double(pairs)).squareRoot()
      for (pair, real) in truth[head].enumerated() {
        #expect(abs(found.real[head][pair] - real / size) < 1e-4)
        #expect(abs(found.imaginary[head][pair] - 0.4 / size) < 1e-4)
      }
      let rest = rotaryDim == 6 ? 1 : 1 / size
      #expect(abs(found.rest[head] - rest) < 1e-4)
    }
    // With the ridge the heads come nearer to the context than without any factor.
    var nearer = heads
    nearer.apply(PairFit(heads, pairs: pairs, features(heads), fits, context: context, input: input))
    let (after, before) = (features(nearer).fit(context, decays: decays), features(heads).fit(context, decays: decays))
    for head in 0..<4 { #expect(after[head].error < before[head].error) }
  }

  @Test func theStartIsNearerToTheTeacherThanNothingAndThanThePaper() throws {
    let tiny = try pair(rotaryDim: 4)
    let paper = outputError(tiny, ids())
    _ = try ContextStart.run(tiny.pair, ids())
    // A bias of the output projection has no place in the student: it is not counted here.
    for layer in 0..<3 { tiny.teacher.parameters["layers.\(layer).attention.dense.bias"]!.value.fill(0) }
    for (error, before) in zip(outputError(tiny, ids()), paper) { #expect(error < 1 && error < before) }
  }

  @Test func foldingEqualsRotaryWhereAHeadLooksAtOneDistance() throws {
    let tiny = try pair(rotaryDim: 4)
    let input = tiny.teacher.blocks[0].mixerInput(tiny.teacherInputs(ids())[0])
    let attention = try #require(tiny.teacher.blocks[0].mixer as? Attention)
    var heads = AttentionHeads(attention, input)
    let distance = 5
    heads.foldRotary(Array(repeating: (0...5).map { $0 == distance ? 1 : 0 }, count: 4), attention.configuration)
    let operands = attention.operands(input, for: .mixing)
    let rotary = operands.q.matmul(operands.k.transposed()) * attention.configuration.resolvedScale
    let folded = heads.scores(input)
    let length = rotary.size(2) - distance
    func atDistance(_ scores: Tensor) -> Tensor {
      scores.narrowed(2, from: distance, length: length).narrowed(3, from: 0, length: length).diagonal()
    }
    #expect(atDistance(folded).error(from: atDistance(rotary)) < 1e-10)
    #expect(folded.error(from: rotary) > 1e-3)
  }

  @Test(arguments: [2, 4, 6, 9]) func everySizeOfStateHasAStart(_ stateDim: Int) throws {
    let tiny = try pair(stateDim: stateDim)
    for (layer, heads) in try ContextStart.run(tiny.pair, ids()).enumerated() {
      #expect(try #require(heads).allSatisfy { $0.error < 1 && $0.error.isFinite }, "layer \(layer)")
    }
    for layer in 0..<3 { tiny.teacher.parameters["layers.\(layer).attention.dense.bias"]!.value.fill(0) }
    #expect(outputError(tiny, ids()).allSatisfy { $0 < 1 })
  }

  @Test func theScaledStartKeepsValuesDrawsScoresAndRemembersAsFarAsAttentionLooksBack() throws {
    let tiny = try pair(rotaryDim: 4)
    let drawn = (0..<3).map { (tiny.student.blocks[$0].mixer as! DiscreteMamba2).bcWeight.copy() }
    let inputs = tiny.teacherInputs(ids())
    let fits = try ContextStart.run(tiny.pair, ids(), drawn: true)
    for layer in 0..<3 {
      let input = tiny.teacher.blocks[layer].mixerInput(inputs[layer])
      let attention = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let mixer = try #require(tiny.student.blocks[layer].mixer as? DiscreteMamba2)
      let operands = attention.operands(input, for: .mixing)
      #expect(mixer.operands(input, for: .mixing).x!.error(from: attention.values(operands)) < 1e-12)
      #expect(mixer.outProjection.weight.error(from: attention.dense.weight) < 1e-12)
      // A ninth of what rows like the teacher's would give, but for the last row of each head: the constant's.
      let factor = (attention.configuration.resolvedScale / 9).squareRoot()
      func rows(_ weight: Tensor) -> Tensor { weight.reshaped(2, 4, 6, -1).narrowed(2, from: 0, length: 5) }
      #expect(rows(mixer.bcWeight).error(from: rows(drawn[layer]) * factor) < 1e-12)

      let matrix = attention.matrix(operands)
      let lengths = attention.values(operands).transposed(1, 2).square().sum(over: -1).sqrt()
      for (head, fit) in try #require(fits[layer]).enumerated() {
        let (rows, size) = (matrix.selected(1, head).doubles(), lengths.selected(1, head).doubles())
        var (sum, mass) = (0.0, 0.0)
        for sequence in 0..<2 {
          let mean = size[sequence * 48..<(sequence + 1) * 48].reduce(0, +) / 48
          for i in 0..<48 {
            for j in 0...i where size[sequence * 48 + j] >= mean / 2 {
              let weight = rows[(sequence * 48 + i) * 48 + j] * size[sequence * 48 + j] / mean
              sum += weight * Double(i - j)
              mass += weight
            }
          }
        }
        let lookBack = sum / mass
        #expect(abs(fit.decay - lookBack / (1 + lookBack)) < 1e-9 && fit.error.isFinite)
      }
    }
  }

  @Test func teachersWithNormsOfQueriesAndKeysHaveAStart() throws {
    var shape = TinyPair.shape()
    shape.changeAttention { $0.headNormEpsilon = 1e-6 }
    let tiny = try pair(rotaryDim: 4, of: shape)
    let fits = try ContextStart.run(tiny.pair, ids())
    #expect(fits.allSatisfy { $0!.allSatisfy { $0.error < 1 } })
    for layer in 0..<3 { tiny.teacher.parameters["layers.\(layer).attention.dense.bias"]!.value.fill(0) }
    #expect(outputError(tiny, ids()).allSatisfy { $0 < 1 })
  }

  @Test func rowsThatGiveOneDoSoOnTheInputs() {
    let noise = RandomGenerator(seed: 3).normal([2, 50, 8], .float64)
    let input = noise * 0.1 + RandomGenerator(seed: 4).normal([8], .float64)
    let rows = CommonDirection.of(input)
    let ones = (input * rows).sum(over: -1)
    #expect((ones - 1).square().mean().sqrt().item() < 0.05)
  }

  @Test func mixersWithoutRoomForTheHeadsAreRefused() throws {
    func refused(_ part: String, _ change: @escaping (inout StudentRecipe) -> Void) throws {
      let tiny = try TinyPair {
        $0.start = .context
        change(&$0)
      }
      let error = #expect(throws: MohawkError.self) { try ContextStart.run(tiny.pair, ids()) }
      #expect(error?.description.contains(part) == true, "\(error as Any)")
    }
    try refused("4 heads of 6") { $0.vHeads = 2 }
    try refused("4 heads of 6") { $0.qkHeads = 2 }
  }

  @Test func copiedWeightsMoveAtTheirOwnRate() throws {
    var pair = try pair().pair
    pair.copied = ["layers.0.mixer.in_proj.x"]
    var plan = TinyPair.plan(.mixer)
    plan.copiedRate = 0.25
    let stage = try LayerStage.alignment(pair, plan)
    try stage.begin()
    let rates = Dictionary(uniqueKeysWithValues: zip(stage.parameters.map(\.name), stage.rates))
    #expect(rates["layers.0.mixer.in_proj.x"] == 0.25)
    #expect(rates["layers.1.mixer.in_proj.x"] == 1)
  }
}
