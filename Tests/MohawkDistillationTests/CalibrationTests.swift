import MohawkDistillation
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

/// Stage 2 on a little text that is gone through many times.
@Suite struct CalibrationTests {
  private let judged = RandomGenerator(seed: 11).integers(0..<40, [2, 12])

  private func plan(steps: Int, rate: Double) -> StageRecipe {
    var plan = TinyPair.plan(.mixer, steps: 1)
    (plan.passes, plan.learningRate, plan.loss) = (steps, rate, .hiddenStateAlignment)
    return plan
  }

  /// ‖student − teacher‖/‖teacher‖ of every layer's output.
  private func errors(_ tiny: TinyPair) -> [Double] {
    LayerDistances.measure(tiny.pair, [judged]).outputErrors.map { $0! }
  }

  private func run(_ stage: Calibration, _ plan: StageRecipe) throws {
    let recipe = Recipe()
    try TrainingLoop(recipe: recipe, stages: [stage], store: nil) { _, _ in TrainingBatch(TinyPair.tokens()) }.run()
    #expect(plan.steps == plan.passes)
  }

  @Test func itsLossAndGradientsAreThoseOfAlignment() throws {
    let tiny = try TinyPair()
    let stages: [any TrainingStage] = [
      try Calibration(tiny.pair, plan(steps: 1, rate: 1), judgedBy: judged),
      try LayerStage.alignment(tiny.pair, plan(steps: 1, rate: 1)),
    ]
    // The second time the inputs of the layers come from the cache.
    let found = try (stages + [stages[0]]).map { stage in
      if stage.parameters.isEmpty { try stage.begin() }
      for parameter in stage.parameters { parameter.value.gradient = nil }
      let loss = try stage.accumulate(TinyPair.tokens(), share: 1)
      return (loss.perLayer.map { $0.item() }, stage.parameters.map { $0.value.gradient!.copy() })
    }
    // Calibration's teacher reads one sequence at a time, which may round a product otherwise.
    #expect(zip(found[1].0, found[0].0).allSatisfy { abs($0 - $1) <= 1e-12 * $1 })
    #expect(zip(found[1].1, found[0].1).allSatisfy { $0.error(from: $1) <= 1e-11 })
    #expect(found[2].0 == found[0].0)
    #expect(zip(found[2].1, found[0].1).allSatisfy { $0.isIdentical(to: $1) })
  }

  @Test func everyLayerEndsWithItsBestWeights() throws {
    let tiny = try TinyPair()
    var plan = plan(steps: 40, rate: 0.02)
    plan.evaluateEvery = 2
    let stage = try Calibration(tiny.pair, plan, judgedBy: judged)
    let before = errors(tiny)
    var seen = [before]
    let watch = Watch { seen.append(errors(tiny)) }
    try TrainingLoop(recipe: Recipe(), stages: [stage], store: nil, listeners: [watch]) { _, _ in
      TrainingBatch(TinyPair.tokens())
    }.run()
    #expect(seen.count == 21)
    for (layer, error) in errors(tiny).enumerated() {
      let best = seen.map { $0[layer] }.min()!
      #expect(abs(error - best) < 1e-12, "layer \(layer)")
      #expect(error < before[layer])
    }
  }

  @Test func aStageThatOnlyDoesHarmLeavesTheStart() throws {
    let tiny = try TinyPair()
    let weights = tiny.student.parameters.copies
    try run(try Calibration(tiny.pair, plan(steps: 5, rate: 30), judgedBy: judged), plan(steps: 5, rate: 30))
    #expect(tiny.student.parameters.changed(since: weights).isEmpty)
  }

  /// Looks whenever the stage has judged its weights.
  private final class Watch: TrainingListener {
    let look: () -> Void
    init(_ look: @escaping () -> Void) { self.look = look }
    func receive(_ event: TrainingEvent) { if case .evaluated = event { look() } }
  }
}
