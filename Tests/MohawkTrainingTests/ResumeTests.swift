import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@Suite struct ResumeTests {
  /// The numbers, evaluations and weights of a run that nothing interrupts.
  func straight() throws -> (numbers: [[UInt64]], evaluations: [EvaluationRecord], bits: [[UInt32]]) {
    let run = try ToyRun()
    try run.loop(nil).run()
    return (run.recorder.numbers, run.recorder.evaluations, run.model.bits)
  }

  /// Names the first row that differs instead of printing all.
  func expectSame<Row: Equatable>(
    _ found: [Row], _ expected: [Row], _ what: String, at location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: location)
    let first = zip(found, expected).enumerated().first { $1.0 != $1.1 }?.offset
    #expect(first == nil, "the first \(what) that differs, counted from 0", sourceLocation: location)
  }

  /// Another process: everything made anew, from other initial weights.
  func resumed(_ store: CheckpointStore, shouldStop: @escaping (ToyRun) -> Bool = { _ in false }) throws -> ToyRun {
    let run = try ToyRun()
    withoutGradients {
      for parameter in run.model.parameters.all {
        parameter.value.fill(0.1)
        parameter.unit = 1
      }
    }
    let loop = run.loop(store) { shouldStop(run) }
    let checkpoint = try #require(try store.newest().checkpoint)
    #expect(checkpoint.state.extra == ["note": "kept"])
    try loop.resume(from: checkpoint)
    try loop.run()
    return run
  }

  @Test(arguments: 1...14) func aStoppedRunGoesOnBitByBit(_ stopAt: Int) throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let expected = try straight()
    let run = try ToyRun()
    let error = #expect(throws: MohawkError.self) {
      try run.loop(store) { run.recorder.steps.count == stopAt }.run()
    }
    #expect(error?.code == .interrupted)
    #expect(error?.description.contains("resume") == true)
    #expect(error?.location == store.path(step: stopAt))
    let rest = try resumed(store)
    expectSame(run.recorder.numbers + rest.recorder.numbers, expected.numbers, "step")
    #expect(run.recorder.evaluations + rest.recorder.evaluations == expected.evaluations, "none is lost or made twice")
    expectSame(rest.model.bits, expected.bits, "parameter")
  }

  @Test(arguments: [4, 7, 10, 13]) func aKilledRunRepeatsItsLastStepsBitByBit(_ diesAt: Int) throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let expected = try straight()
    let run = try ToyRun()
    run.recorder.dies = { if case .step(let record) = $0 { record.step == diesAt } else { false } }
    #expect(throws: Recorder.Died.self) { try run.loop(store).run() }
    let rest = try resumed(store)
    let from = rest.recorder.steps[0].step
    #expect(from <= diesAt)
    expectSame(rest.recorder.numbers, Array(expected.numbers[(from - 1)...]), "step")
    expectSame(rest.model.bits, expected.bits, "parameter")
  }

  @Test func aRunMayBeStoppedAgainAndAgain() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let expected = try straight()
    var numbers: [[UInt64]] = []
    let run = try ToyRun()
    #expect(throws: MohawkError.self) { try run.loop(store) { true }.run() }
    numbers += run.recorder.numbers
    while numbers.count < 14 {
      let next = try ToyRun()
      let loop = next.loop(store) { true }
      try loop.resume(from: try #require(try store.newest().checkpoint))
      #expect(throws: MohawkError.self) { try loop.run() }
      numbers += next.recorder.numbers
    }
    expectSame(numbers, expected.numbers, "step")
  }

  @Test func recentLossesComeBackForTheDisplay() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let run = try ToyRun()
    #expect(throws: MohawkError.self) { try run.loop(store) { run.recorder.steps.count == 5 }.run() }
    let state = try #require(try store.newest().checkpoint?.state)
    #expect(state.recentLosses == run.recorder.steps.map(\.loss))
    #expect(state.stageTokens == 200 && state.stage == .alignment && state.stageStep == 5 && state.stageSeconds > 0)
  }

  @Test func anotherRecipeIsRefusedByNameOfTheChange() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    try ToyRun().loop(store).run()
    let checkpoint = try #require(try store.newest().checkpoint)
    var run = try ToyRun()
    run.recipe.alignment.learningRate = 0.125
    let error = #expect(throws: MohawkError.self) { try run.loop(store).resume(from: checkpoint) }
    #expect(error?.code == .mismatch)
    #expect(error?.message.contains("0.125") == true && error?.message.contains("learningRate") == true)
  }

  @Test func otherStagesAndOtherGeneratorsAreRefused() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointStore(folder: folder.path)
    let first = try ToyRun()
    #expect(throws: MohawkError.self) { try first.loop(store) { first.recorder.steps.count == 10 }.run() }
    let checkpoint = try #require(try store.newest().checkpoint)
    let run = try ToyRun()
    func loop(_ stages: [any TrainingStage], _ generators: [String: RandomGenerator]) -> TrainingLoop {
      TrainingLoop(recipe: run.recipe, stages: stages, store: store, generators: generators, batches: ToyRun.batch)
    }
    for stages in [[run.first], [run.second, run.first], [run.second]] {
      let error = #expect(throws: MohawkError.self) { try loop(stages, ["noise": run.noise]).resume(from: checkpoint) }
      #expect(error?.code == .mismatch)
    }
    let error = #expect(throws: MohawkError.self) {
      try loop([run.first, run.second], ["other": run.noise]).resume(from: checkpoint)
    }
    #expect(error?.code == .mismatch && error?.message.contains("noise") == true)
  }
}
