import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkRuns

/// Runs whose stages compare something else than the paper's.
@Suite struct LossRunTests {
  let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    _ = try tiny.teacher()
  }

  private func recipe(_ change: (inout Recipe) -> Void) -> Recipe {
    tiny.recipe {
      $0.teacher = tiny.path("teacher")
      change(&$0)
    }
  }

  /// Every part that can be compared, in every stage that may compare it, with what it trains.
  @Test func anyStageMayCompareAnything() throws {
    let recipe = recipe {
      $0.stages = [.calibration, .orientation, .alignment, .distillation]
      $0.calibration.loss = LossRecipe(.block)
      ($0.orientation.loss, $0.orientation.trains) = (LossRecipe(.logits), .mixer)
      ($0.orientation.loss.divergence, $0.orientation.loss.temperature) = (.mixed, 2)
      ($0.alignment.loss, $0.alignment.trains) = (LossRecipe(.matrix), .matrix)
      ($0.alignment.loss.distance, $0.alignment.loss.columns) = (.cosine, .values)
      ($0.distillation.loss, $0.distillation.trains) = (LossRecipe(.hidden), .mixer)
      ($0.distillation.loss.distance, $0.distillation.loss.relative) = (.squared, true)
    }
    let run = try tiny.distil(recipe)
    #expect(run.isFinished && tiny.recorder.stages == [.calibration, .orientation, .alignment, .distillation])
    #expect(tiny.recorder.steps.allSatisfy { $0.loss.isFinite && $0.gradientNorm > 0 })
    // Logits have one loss, layers have one each.
    for step in tiny.recorder.steps { #expect((step.perLayer == nil) == (step.stage == .orientation)) }
    let rows = try #require(try RunReport(folder: run.path).start).rows
    let losses = rows.filter { $0.name.hasPrefix("loss of part") }.map(\.student)
    #expect(
      losses == [
        "block", "logits, temperature: 2.0, divergence: mixed", "matrix, distance: cosine, columns: values",
        "hidden, distance: squared, relative: true",
      ])
  }

  @Test func aRunOfOtherLossesGoesOnWhereItStopped() throws {
    func other(_ recipe: inout Recipe) {
      recipe.stages = [.alignment, .distillation]
      (recipe.alignment.loss, recipe.alignment.loss.distance) = (LossRecipe(.hidden), .cosine)
      (recipe.distillation.loss, recipe.distillation.trains) = (LossRecipe(.block), .mixer)
    }
    try tiny.distil(recipe(other), "whole")
    let wanted = tiny.recorder.steps.map(\.numbers)
    tiny.stopAfter = 2
    #expect(#expect(throws: MohawkError.self) { try tiny.distil(recipe(other), "run") }?.code == .interrupted)
    tiny.stopAfter = nil
    try tiny.distil(recipe(other), "run")
    #expect(tiny.recorder.steps.dropFirst(wanted.count).map(\.numbers) == wanted)
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func aLossThatDoesNotReachWhatTrainsIsRefusedBeforeTheText() throws {
    let error = #expect(throws: MohawkError.self) {
      try tiny.distil(recipe { $0.distillation.loss = LossRecipe(.hidden) })
    }
    #expect(error?.location == "distillation.trains" && error?.remedy == "use matrix or mixer")
    #expect(tiny.recorder.steps.isEmpty)
  }

  /// Signals stand in for the teacher where layers are compared one by one, whatever the stage is called.
  @Test func signalsServeWhatIsCompared() throws {
    func change(_ recipe: inout Recipe) {
      recipe.stages = [.orientation, .alignment, .distillation]
      (recipe.orientation.loss, recipe.orientation.trains) = (LossRecipe(.block), .mixer)
      recipe.alignment.loss = LossRecipe(.hidden)
    }
    var settings = RunSettings()
    settings.notice = { [tiny] in tiny.notices.append($0) }
    let writer = SignalRun(recipe(change), folder: tiny.path("signals"), top: 320, keepsInputs: true, settings)
    let manifest = try writer.run()
    #expect(manifest.layers == [0, 1, 2] && manifest.top == 320)
    try tiny.distil(recipe(change), "plain")
    let plain = tiny.recorder.steps.map(\.loss)
    tiny.notices = []
    try tiny.distil(
      recipe {
        change(&$0)
        $0.signals = tiny.path("signals")
      }, "served")
    #expect(tiny.notices.contains { $0.contains("stands in for the teacher in orientation and distillation;") })
    let served = tiny.recorder.steps.dropFirst(plain.count).map(\.loss)
    // Layer inputs are kept as they are, probabilities in fp16.
    for (step, (found, wanted)) in zip(served, plain).enumerated() {
      #expect(step < 8 ? found == wanted : abs(found / wanted - 1) < 1e-2, "step \(step)")
    }
  }
}
