import Foundation
import Testing

@testable import MohawkRecipes

@Suite struct TrainingEventTests {
  static let step = StepRecord(
    stage: .orientation, step: 3, stageStep: 3, stageSteps: 10, tokens: 6144, loss: 1.5, perLayer: [1, 0.5],
    learningRate: 5e-4, gradientNorm: 2, tokensPerSecond: 1000, seconds: 0.5, memoryMiB: 100, peakMemoryMiB: 120,
    eta: 60)

  @Test func everyEventSurvivesJSON() throws {
    let events: [TrainingEvent] = [
      .started(RunInfo(Recipe(), threads: 2)), .stageStarted(.alignment, step: 0, steps: 10, tokens: 100),
      .step(Self.step),
      .evaluated(
        EvaluationRecord(stage: .distillation, step: 9, stageStep: 2, values: [Metric("b", 1), Metric("a", 2)])),
      .checkpointed(path: "checkpoint-000010", step: 10), .stageEnded(.orientation, step: 10, seconds: 1.25, tokens: 8),
      .ended,
    ]
    for event in events {
      #expect(try JSONDecoder().decode(TrainingEvent.self, from: JSONEncoder().encode(event)) == event)
    }
  }

  @Test func notANumberIsWrittenAsTextAndReadBack() throws {
    var record = Self.step
    record.loss = .nan
    record.perLayer = [.infinity, -.infinity]
    let data = try JSONEncoder().encode(TrainingEvent.step(record))
    #expect(String(decoding: data, as: UTF8.self).contains(#""loss":"nan""#))
    guard case .step(let back) = try JSONDecoder().decode(TrainingEvent.self, from: data) else {
      Issue.record("not a step")
      return
    }
    #expect(back.loss.isNaN)
    #expect(back.perLayer == [.infinity, -.infinity])
  }

  @Test func nullLossesAreReadAsNotANumber() throws {
    let text = #"{"event":"evaluated","stage":"alignment","step":1,"stageStep":1,"values":[{"name":"x","value":null}]}"#
    guard case .evaluated(let record) = try JSONDecoder().decode(TrainingEvent.self, from: Data(text.utf8)) else {
      Issue.record("not an evaluation")
      return
    }
    #expect(record["x"]?.isNaN == true)
    #expect(record["y"] == nil)
  }

  @Test func aRunWithATeacherHasNoPretraining() {
    var recipe = Recipe()
    #expect(RunInfo(recipe, threads: 1).stages.map(\.name) == [.pretraining, .orientation, .alignment, .distillation])
    recipe.teacher = "phi"
    recipe.stages = [.distillation]
    #expect(RunInfo(recipe, threads: 1).stages.map(\.name) == [.distillation])
    #expect(RunInfo(recipe, threads: 1).stages[0].tokens == 245 * 4096)
  }
}

@Suite struct NearestNameTests {
  @Test func editDistanceCountsSwapsAsOne() {
    func distance(_ a: String, _ b: String) -> Int { NearestName.editDistance(Array(a.utf8), Array(b.utf8)) }
    #expect(distance("", "abc") == 3)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("demo", "dmeo") == 1)
    #expect(distance("same", "same") == 0)
  }

  @Test func nothingNearIsNoHint() {
    #expect(NearestName.nearest("zzzzzz", among: ["demo", "small"]) == nil)
    #expect(NearestName.nearest("Demo", among: ["demo", "small"]) == "demo")
  }
}
