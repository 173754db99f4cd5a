import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTraining
import Testing

@testable import MohawkRuns

/// Keys that change while a run goes on.
@Suite struct ChangingTests {
  private func recipe(_ tiny: TinyRun) throws -> Recipe { tiny.recipe { $0.teacher = try! tiny.teacher() } }

  private func stopped(_ tiny: TinyRun, _ recipe: Recipe, after steps: Int) {
    tiny.stopAfter = steps
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    tiny.recorder.events = []
  }

  @Test(arguments: [2, 4, 7, 8]) func keysOfAStageThatHasNotBegunMayChange(steps: Int) throws {
    let tiny = try TinyRun()
    let before = try recipe(tiny)
    var after = before
    after.distillation.learningRate = 1e-3
    try tiny.distil(after, "whole")
    tiny.recorder.events = []
    stopped(tiny, before, after: steps)
    try tiny.distil(after)
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
    let report = try RunReport(folder: tiny.path("run"))
    #expect(report.changes.map(\.stage) == [.distillation] && report.changes[0].step == steps)
    #expect(report.html.contains("distillation.learningRate is 0.001 and was 0.0002"))
  }

  @Test func keysOfAStageThatTrainsNeedItsBeginning() throws {
    let tiny = try TinyRun()
    let before = try recipe(tiny)
    var after = before
    after.distillation.learningRate = 1e-3
    try tiny.distil(after, "whole")
    stopped(tiny, before, after: 10)
    let error = #expect(throws: MohawkError.self) { try tiny.distil(after) }
    #expect(error?.code == .mismatch && error?.remedy?.contains("--from distillation") == true, "\(error as Any)")
    #expect(tiny.names("run").contains("checkpoint-000010"))
    tiny.from = .distillation
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try tiny.distil(after) }
    tiny.stopAfter = nil
    #expect(tiny.recorder.steps.map(\.step) == [9, 10])
    // The same command goes on.
    try tiny.distil(after)
    #expect(tiny.recorder.steps.map(\.step) == [9, 10, 11, 12])
    #expect(tiny.notices.contains { $0.contains("distillation begins again from the end of alignment") })
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
    let logged = try MetricsLog.read(tiny.path("run/metrics.jsonl")).compactMap {
      if case .step(let record) = $0 { record.step } else { nil }
    }
    #expect(logged == Array(1...12))
  }

  @Test func aStageBeforeTheOneThatTrainsCanBeginAgainFromTheStart() throws {
    let tiny = try TinyRun()
    let before = try recipe(tiny)
    var after = before
    after.orientation.learningRate = 1e-3
    try tiny.distil(after, "whole")
    stopped(tiny, before, after: 6)
    #expect(throws: MohawkError.self) { try tiny.distil(after) }
    tiny.from = .orientation
    try tiny.distil(after)
    #expect(tiny.recorder.steps.map(\.step) == Array(1...12))
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func whatNoStageDecidesNeverChanges() throws {
    let tiny = try TinyRun()
    let before = try recipe(tiny)
    stopped(tiny, before, after: 10)
    tiny.from = .distillation
    for change in [{ $0.seed = 5 }, { $0.student.stateDim = 4 }, { $0.alignment.learningRate = 1 }]
      as [(inout Recipe) -> Void]
    {
      var other = before
      change(&other)
      #expect(#expect(throws: MohawkError.self) { try tiny.distil(other) }?.code == .mismatch)
    }
    tiny.from = .pretraining
    #expect(
      #expect(throws: MohawkError.self) { try tiny.distil(before) }?.message.contains("no stage of this run") == true)
    tiny.from = nil
    #expect(try tiny.distil(before).isFinished)
    var late = before
    late.distillation.learningRate = 1e-3
    #expect(#expect(throws: MohawkError.self) { try tiny.distil(late) }?.code == .mismatch)
  }

  @Test func aFinishedRunSaysWhatDiffersAndWhatCanBeDone() throws {
    let tiny = try TinyRun()
    let before = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.checkpoints.every = 0
    }
    try tiny.distil(before)
    let model = try tiny.bytes("run/model/model.safetensors")
    tiny.from = .distillation
    #expect(try tiny.distil(before).isFinished, "nothing has changed")
    var after = before
    (after.distillation.learningRate, after.distillation.clip, after.distillation.loss.labels) = (1e-3, 0.5, 0.25)
    (after.distillation.loss.top, after.distillation.loss.temperature, after.distillation.copiedRate) = (7, 2, 0.5)
    let error = #expect(throws: MohawkError.self) { try tiny.distil(after) }
    for key in ["learningRate is 0.001 and was", "clip", "labels", "top", "temperature", "copiedRate"] {
      #expect(error?.message.contains("distillation.\(key)") == true, "\(key)")
    }
    #expect(error?.message.hasPrefix("this run is finished") == true)
    #expect(error?.remedy?.contains("--from distillation") == true, "\(error as Any)")
    #expect(try tiny.bytes("run/model/model.safetensors") == model)
    // What it says can be done.
    try FileManager.default.copyItem(atPath: tiny.path("run"), toPath: tiny.path("other"))
    try FileManager.default.removeItem(atPath: tiny.path("other/model"))
    #expect(try tiny.distil(after, "other").isFinished)
    tiny.from = nil
    try tiny.distil(after, "whole")
    #expect(try tiny.bytes("other/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
    // Where the end of the stage before is gone it is not offered.
    for name in tiny.names("run") where name.hasPrefix("checkpoint-") && name != "checkpoint-000012" {
      try FileManager.default.removeItem(atPath: tiny.path("run/" + name))
    }
    let gone = #expect(throws: MohawkError.self) { try tiny.distil(after) }
    #expect(gone?.remedy?.contains("the end of alignment") == true && gone?.remedy?.contains("cp -r") == false)
    after.seed = 9
    #expect(#expect(throws: MohawkError.self) { try tiny.distil(after) }?.remedy?.hasSuffix("--output OTHER") == true)
  }

  @Test func theAdviceAfterNaNCanBeFollowed() throws {
    let tiny = try TinyRun()
    var diverging = try recipe(tiny)
    diverging.distillation.learningRate = 1e10
    diverging.checkpoints.every = 1
    diverging.distillation.clip = 0
    let error = #expect(throws: MohawkError.self) { try tiny.distil(diverging) }
    #expect(error?.code == .notFinite && error?.remedy?.contains("--from distillation --set") == true)
    tiny.from = .distillation
    var mended = diverging
    mended.distillation.learningRate = 1e-4
    tiny.recorder.events = []
    #expect(try tiny.distil(mended).isFinished)
    #expect(tiny.recorder.steps.first?.step == 9)
  }

  @Test func aFolderIsKnownInEverySpelling() throws {
    let tiny = try TinyRun()
    let files = FileManager.default
    try tiny.place.write("text/a.txt", TinyRun.text)
    try files.createSymbolicLink(atPath: tiny.path("link"), withDestinationPath: "text")
    var before = try recipe(tiny)
    before.data.train = [tiny.path("text")]
    for (index, spelling) in ["text/", "./text", "link", "teacher/../text", "text/."].enumerated() {
      stopped(tiny, before, after: 1)
      var after = before
      after.data.train = [tiny.path(spelling)]
      after.teacher = tiny.path("teacher//")
      #expect(throws: Never.self, "\(index)") { try tiny.distil(after) }
      try files.removeItem(atPath: tiny.path("run"))
    }
  }

  @Test func theRecipeOfARunIsRightFromAnywhere() throws {
    let tiny = try TinyRun()
    let relative = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in ".." }.joined(
      separator: "/")
    var recipe = try recipe(tiny)
    recipe.data.train = [relative + tiny.path("text.txt")]
    recipe.stages = [.distillation]
    try tiny.distil(recipe)
    let stored = try RecipeLoader.load(tiny.path("run/recipe.yaml"))
    #expect(stored.data.train.allSatisfy { $0.hasPrefix("/") && !$0.contains("..") })
    #expect(stored.teacher?.hasPrefix("/") == true)
  }
}
