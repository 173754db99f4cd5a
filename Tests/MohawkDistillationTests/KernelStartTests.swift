import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

/// Mixers other than the Mamba-2 kind that start from the context.
@Suite struct KernelStartTests {
  static let kinds = [
    "gated-deltanet", "kimi-delta", "gated-linear-attention", "semiseparable", "linear-attention",
    "elu-linear-attention",
    "hedgehog", "toeplitz", "monarch",
  ]
  /// Those that forget.
  static let decaying = Array(kinds.prefix(4))

  private func ids(_ length: Int = 48) -> Tensor { RandomGenerator(seed: 9).integers(0..<40, [2, length]) }

  private func pair(
    _ kind: String, kvHeads: Int = 2, bias: Bool = false, norms: Bool = false, dtype: DType = .float64,
    _ change: (inout StudentRecipe) -> Void = { _ in }
  ) throws -> TinyPair {
    var shape = TinyPair.llama(kvHeads: kvHeads, bias: bias)
    if norms { shape.changeAttention { $0.headNormEpsilon = 1e-6 } }
    return try TinyPair(dtype: dtype, of: shape) {
      $0.mixer = .init(rawValue: kind)
      $0.start = .context
      change(&$0)
    }
  }

  /// ‖student's mixer − teacher's‖ / ‖teacher's‖ by layer.
  private func errors(_ tiny: TinyPair, _ ids: Tensor) -> [Double] {
    withoutGradients {
      tiny.teacherInputs(ids).enumerated().map { layer, hidden in
        let block = tiny.teacher.blocks[layer]
        let input = block.mixerInput(hidden)
        let target = block.mixer(input)
        return tiny.student.blocks[layer].mixer(input).error(from: target)
      }
    }
  }

  @Test(arguments: [(true, false, 4), (false, false, 4), (false, true, 1), (true, true, 1)])
  func aHeadThatIsSuchAKernelIsReproduced(_ sharesDecay: Bool, _ hasSkip: Bool, _ taps: Int) {
    let length = 60
    let values = RandomGenerator(seed: 1).normal([2, length, 6], .float64)
    let scores = RandomGenerator(seed: 2).normal([2, length, length], .float64)
    let (uniform, content) = (0.93, sharesDecay ? 0.93 : 0.8)
    let kernel =
      ExponentialWindow.matrix(uniform, length) * 0.3 + ExponentialWindow.matrix(content, length) * scores * -0.7
    let filter = Array([1, -0.5, 0.25, 0.1].prefix(taps))
    var seen = values * 0
    for (lag, tap) in filter.enumerated() {
      seen = seen + KernelFeatures.shifted(values, taps).narrowed(-1, from: 6 * lag, length: 6) * tap
    }
    let context = kernel.matmul(seen) + values * (hasSkip ? 0.4 : 0)
    let features = KernelFeatures(context: context, values: values, scores: scores, taps: taps)
    let fit = KernelFit.best(features, .init(sharesDecay: sharesDecay, hasSkip: hasSkip), ridge: 1e-9)
    #expect(fit.uniformDecay == uniform && fit.contentDecay == content)
    #expect(fit.error < 1e-3, "\(fit)")
    #expect(
      abs(fit.uniform - 0.3) < 1e-2 && abs(fit.content + 0.7) < 1e-2 && abs(fit.skip - (hasSkip ? 0.4 : 0)) < 1e-2)
    for (found, tap) in zip(fit.taps, filter) { #expect(abs(found - tap) < 1e-2) }
  }

  @Test(arguments: kinds, [DType.float64, .float32])
  func theStartIsNearerToTheTeacherThanNothingAndThanThePaper(_ kind: String, _ dtype: DType) throws {
    for (kvHeads, bias, norms) in [(2, false, false), (4, true, false), (1, false, true)] {
      let tiny = try pair(kind, kvHeads: kvHeads, bias: bias, norms: norms, dtype: dtype)
      let paper = errors(tiny, ids())
      let fits = try ContextStart.run(tiny.pair, ids())
      for (layer, (error, before)) in zip(errors(tiny, ids()), paper).enumerated() {
        #expect(error < 1 && error < before, "layer \(layer), \(kvHeads) heads of keys")
        #expect(fits[layer]!.allSatisfy { $0.error < 1 })
      }
    }
  }

  /// Up to what its gate and its means bring, and constants cost without biases: in a teacher as narrow as this inputs have
  /// little in common.
  @Test(arguments: decaying) func theyImitateNearlyAsWellAsDiscreteMamba2(_ kind: String) throws {
    let (tiny, mamba) = (try pair(kind), try pair("discrete-mamba-2"))
    try ContextStart.run(tiny.pair, ids())
    try ContextStart.run(mamba.pair, ids())
    for (error, known) in zip(errors(tiny, ids()), errors(mamba, ids())) { #expect(error < 1.35 * known) }
  }

  @Test(arguments: kinds) func whatIsReportedIsWhatTheMixerPutsOut(_ kind: String) throws {
    let tiny = try pair(kind)
    let fits = try ContextStart.run(tiny.pair, ids())
    for (layer, hidden) in tiny.teacherInputs(ids()).enumerated() {
      let input = tiny.teacher.blocks[layer].mixerInput(hidden)
      let attention = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let (matrix, values) = ContextTargets.matrixAndValues(attention, input)
      func mixed(_ mixer: some SequenceMixer) -> Tensor {
        var y = mixer.mix(mixer.operands(input, for: .mixing)).to(.float64).transposed(1, 2)
        if kind == "linear-attention" { y = y * (y.square().mean(over: -1, keep: true) + 1e-6).rsqrt() }
        return y
      }
      let (made, context) = (mixed(tiny.student.blocks[layer].mixer), matrix.matmul(values))
      for (head, fit) in try #require(fits[layer]).enumerated() {
        let (y, target) = (made.selected(1, head), context.selected(1, head))
        // Up to a factor that norm and output projection give.
        let factor = (y * target).sum().item() / y.square().sum().item()
        #expect(abs((y * factor).error(from: target) - fit.error) < 0.02, "layer \(layer), head \(head)")
      }
    }
  }

  @Test(arguments: [("gated-deltanet", 2), ("kimi-delta", 4), ("gated-linear-attention", 3), ("gated-deltanet", 9)])
  func everySizeOfStateHasAStart(_ kind: String, _ stateDim: Int) throws {
    let tiny = try pair(kind) { $0.stateDim = stateDim }
    try ContextStart.run(tiny.pair, ids())
    #expect(errors(tiny, ids()).allSatisfy { $0 < 1 })
  }

  @Test(arguments: [5, 40, 70]) func aHeadThatIsToeplitzIsReproduced(_ taps: Int) {
    let (length, random) = (60, RandomGenerator(seed: 1))
    let values = random.normal([2, length, 6], .float64)
    let wanted = random.normal([1, taps], .float64)
    let context = CausalToeplitz.matrix(wanted, length: length).matmul(values)
    let found = Toeplitz.kernel(context, values, taps: taps)
    // Of what lies longer ago than the text is long, nothing is known.
    let known = min(taps, length)
    func last(_ x: Tensor) -> Tensor { x.reshaped(-1).narrowed(0, from: taps - known, length: known) }
    #expect(found.shape == [taps] && last(found).error(from: last(wanted)) < 0.01)
    if known < taps { #expect(found.narrowed(0, from: 0, length: taps - known).abs().max().item() == 0) }
  }

  @Test(arguments: [(4, 3), (5, 6), (1, 6), (100, 2)]) func aHeadThatIsMonarchIsReproduced(_ block: Int, _ reach: Int) {
    let (length, random) = (62, RandomGenerator(seed: 1))
    let values = random.normal([16, length, 6], .float64)
    let wanted = CausalMonarch(
      own: random.normal([1, block, block], .float64), near: random.normal([1, block, block], .float64),
      far: random.normal([1, block, reach], .float64)
    ).matrix(length: length)
    let fit = MonarchFit(wanted.matmul(values), values, block: block, reach: reach)
    let found = CausalMonarch(
      own: fit.own.unsqueezed(0), near: fit.near.unsqueezed(0), far: fit.far.unsqueezed(0)
    ).matrix(length: length)
    #expect(found.error(from: wanted) < 0.02)
    #expect((0..<1).contains(fit.summary.decay))
  }

  @Test func whatAFixedHeadStartsAsIsToldByItsWeights() {
    let fit = FixedMatrixFit(looks: [(0.5, 1), (-0.25, 4)], skip: 0.25)
    // Half of all weight is one token back, a quarter four: 1.5 tokens in the mean.
    #expect(abs(fit.decay - 0.6) < 1e-12 && abs(fit.uniform - 0.25) < 1e-12 && fit.skip == 0.25)
    #expect(FixedMatrixFit(looks: [], skip: 0).decay == 0)
  }

  @Test func theyAreTheDefaultWhereTheyFit() throws {
    for kind in Self.kinds {
      var recipe = StudentRecipe()
      recipe.mixer = .init(rawValue: kind)
      #expect(TinyPair.llama().start(recipe) == .context, "\(kind)")
      recipe.vHeads = 2
      #expect(TinyPair.llama().start(recipe) == .paper, "\(kind)")
    }
  }

  @Test func whatTheyHaveNoPlaceForIsRefused() throws {
    func refused(_ kind: String, _ words: String, drawn: Bool = false, _ change: (inout StudentRecipe) -> Void) throws {
      let tiny = try pair(kind, change)
      let error = #expect(throws: MohawkError.self) { try ContextStart.run(tiny.pair, ids(), drawn: drawn) }
      #expect(error?.description.contains(words) == true, "\(error as Any)")
    }
    for kind in Self.kinds {
      try refused(kind, "4 heads of 6") { $0.vHeads = 2 }
      try refused(kind, "with drawn B and C is not known", drawn: true) { _ in }
    }
    try refused("hedgehog", "states of 6") { $0.stateDim = 8 }
    try refused("hedgehog", "rotary positions") { $0.stateDim = 4 }
    try refused("gated-linear-attention", "states of 3") { $0.stateDim = 2 }
  }

  @Test func whatTheStartMultipliesLearnsInUnitsOfIt() throws {
    let tiny = try pair("gated-deltanet")
    try ContextStart.run(tiny.pair, ids())
    for name in ["conv1d.q.weight", "conv1d.k.weight", "conv1d.v.weight"] {
      let parameter = try #require(tiny.student.parameters["layers.0.mixer.\(name)"])
      let largest = parameter.value.abs().max().item()
      #expect(parameter.unit < 0.1 && parameter.unit <= largest && largest < 1e3 * parameter.unit, "\(name)")
    }
  }
}
