import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@Suite struct TrainingLoopTests {
  @Test func eventsComeInOrderAndCountFromOne() throws {
    let folder = try TemporaryFolder()
    let run = try ToyRun()
    try run.loop(CheckpointStore(folder: folder.path)).run()
    let told = run.recorder.events.map { event in
      switch event {
      case .started(let info): "started \(info.stages.map(\.steps))"
      case .stageStarted(let name, let step, let steps, let tokens): "\(name) \(step) \(steps) \(tokens)"
      case .step(let record): "\(record.step)/\(record.stageStep)"
      case .evaluated(let record): "eval \(record.step)/\(record.stageStep)"
      case .checkpointed(_, let step): "save \(step)"
      case .stageEnded(let name, let step, _, let tokens): "\(name) over \(step) \(tokens)"
      case .ended: "ended"
      }
    }
    #expect(
      told == [
        "started [8, 6]", "alignment 0 8 320", "1/1", "2/2", "3/3", "save 3", "4/4", "5/5", "eval 5/5", "6/6",
        "save 6", "7/7", "8/8", "eval 8/8", "alignment over 8 320", "save 8", "distillation 8 6 240", "9/1", "save 9",
        "10/2", "eval 10/2", "11/3", "12/4", "eval 12/4", "save 12", "13/5", "14/6", "eval 14/6",
        "distillation over 14 240", "save 14", "ended",
      ])
    #expect(run.first.ended == 1 && run.second.ended == 1)
  }

  @Test func trainingLearns() throws {
    let run = try ToyRun()
    run.first.plan.tokens = 200 * 40
    try run.loop(nil).run()
    let losses = run.recorder.steps.prefix(200).map(\.loss)
    #expect(losses.last! < 0.5 * losses.first!)
  }

  @Test func theScheduleStartsAfreshInEveryStage() throws {
    let run = try ToyRun()
    try run.loop(nil).run()
    let rates = run.recorder.steps.map(\.learningRate)
    let expected =
      (0..<8).map { run.first.plan.schedule.learningRate(at: $0) }
      + (0..<6).map { run.second.plan.schedule.learningRate(at: $0) }
    #expect(rates == expected)
  }

  @Test func frozenParametersStay() throws {
    let run = try ToyRun()
    let before = run.model.head.floats()
    run.recorder.dies = { if case .stageEnded = $0 { true } else { false } }
    #expect(throws: Recorder.Died.self) { try run.loop(nil).run() }
    #expect(run.model.head.floats() == before)
    #expect(run.model.embedding.gradient == nil, "gradients do not outlive a step")
  }

  @Test func recordsDescribeTheStep() throws {
    let run = try ToyRun()
    try run.loop(nil).run()
    for record in run.recorder.steps {
      #expect(abs(record.perLayer!.reduce(0, +) - record.loss) < 1e-5)
      #expect(record.perLayer!.count == 2)
      #expect(record.gradientNorm > 0 && record.seconds > 0 && record.tokensPerSecond > 0)
    }
    #expect(run.recorder.steps.map(\.tokens) == (1...8).map { 40 * $0 } + (1...6).map { 40 * $0 })
    #expect(run.recorder.steps.last!.eta == 0 && run.recorder.steps[0].eta > 0)
    #if os(Linux)
      let record = run.recorder.steps.last!
      #expect(record.memoryMiB > 1 && record.peakMemoryMiB >= record.memoryMiB)
    #endif
  }

  @Test(arguments: [5, 10, 15, 20, 40, 1000])
  func accumulationIsOneBigBatch(_ microBatchTokens: Int) throws {
    func train(_ micro: Int?) throws -> (numbers: [Double], weights: [Double]) {
      var run = try ToyRun(dtype: .float64)
      run.recipe.checkpoints.every = 0
      let stage = ToyStage(.alignment, run.first.plan, run.model)
      stage.plan.microBatchTokens = micro
      let recorder = Recorder()
      try TrainingLoop(recipe: run.recipe, stages: [stage], store: nil, listeners: [recorder], batches: ToyRun.batch)
        .run()
      let numbers = recorder.steps.flatMap { [$0.loss, $0.gradientNorm] + $0.perLayer! }
      return (numbers, run.model.parameters.all.flatMap { $0.value.doubles() })
    }
    let whole = try train(nil)
    let parts = try train(microBatchTokens)
    let pairs = zip(whole.numbers + whole.weights, parts.numbers + parts.weights)
    #expect(whole.numbers.count == parts.numbers.count)
    #expect(pairs.map { abs($0 - $1) }.max()! < 1e-10)
  }

  @Test(arguments: [0, 1]) func aLossThatIsNotFiniteNamesItsPlaceAndChangesNothing(_ layer: Int) throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let run = try ToyRun()
    run.second.poison = (layer, 3)  // the second stage has one micro-batch per step
    var before: [[UInt32]] = []
    run.second.before = { before = run.model.bits }
    let error = #expect(throws: MohawkError.self) { try run.loop(store).run() }
    #expect(error?.code == .notFinite)
    let text = try #require(error?.description)
    for part in ["distillation", "step 4 of 6", "step 12 of the run", "layer \(layer)", "checkpoint-000009"] {
      #expect(text.contains(part), "\(text)")
    }
    #expect(run.model.bits == before, "the weights are those before the step")
    #expect(try store.newest().checkpoint?.state.step == 9)
    #expect(folder.contents == ["checkpoint-000008", "checkpoint-000009"])
  }

  @Test func aGradientThatIsNotFiniteNamesItsParameter() throws {
    let run = try ToyRun()
    run.first.before = {
      // What an overflow in a backward pass leaves: the loss is fine, one gradient is not.
      guard run.recorder.steps.count == 2 else { return }
      let bias = run.model.layers[1].bias
      bias.gradient = Tensor.full([6], .infinity)
    }
    let error = #expect(throws: MohawkError.self) { try run.loop(nil).run() }
    let text = try #require(error?.description)
    for part in ["gradient", "layers.1.bias", "alignment, step 3", "no checkpoint yet"] {
      #expect(text.contains(part), "\(text)")
    }
  }

  @Test func brokenWeightsAreNotSaved() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let run = try ToyRun()
    run.recorder.dies = { event in
      if event.step == 5, case .step = event { withoutGradients { run.model.head.fill(.nan) } }
      return false
    }
    run.first.plan.evaluateEvery = 0
    let stop = { run.recorder.steps.count == 5 }
    let error = #expect(throws: MohawkError.self) { try run.loop(store, shouldStop: stop).run() }
    #expect(error?.code == .notFinite && error?.message.contains("head.weight") == true)
    #expect(try store.newest().checkpoint?.state.step == 3)
  }

  @Test func aRunIsNotStartedOverAnother() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    try ToyRun().loop(store).run()
    let before = folder.contents
    let error = #expect(throws: MohawkError.self) { try ToyRun().loop(store).run() }
    #expect(error?.code == .alreadyInUse)
    #expect(folder.contents == before)
  }
}
