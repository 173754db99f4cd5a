import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import Testing

@testable import MohawkRuns

/// Studies of seconds.
@Suite struct StudyRunnerTests {
  /// Four arms of a start with two seeds.
  private func study(_ tiny: TinyRun, _ change: (inout Recipe) -> Void = { _ in }) throws -> Study {
    let teacher = try tiny.teacher()
    let base = tiny.recipe {
      $0.teacher = teacher
      $0.stages = [.alignment, .distillation]
      $0.distillation.evaluateEvery = 2
      change(&$0)
    }
    var other = base
    other.stages = [.distillation]
    var study = Study([.init("both", base), .init("last", other)])
    study.seeds = [1, 2]
    study.report = ["KL", "perplexity", "output error", "seconds", "tokens"]
    return study
  }

  private func settings(_ tiny: TinyRun, stopAfter steps: Int? = nil) -> RunSettings {
    var settings = RunSettings()
    settings.notice = { tiny.notices.append($0) }
    settings.listeners = [tiny.recorder]
    let first = tiny.recorder.steps.count
    settings.shouldStop = { steps.map { tiny.recorder.steps.count - first >= $0 } ?? false }
    return settings
  }

  @Test func aStudyIsRunsOfTheirOwnAndWhatTheyCameTo() throws {
    let tiny = try TinyRun()
    let study = try study(tiny) { $0.frames = [.window] }
    let folder = tiny.path("study")
    let runner = StudyRunner(study, folder: folder, settings(tiny))
    var told: [String] = []
    runner.onRun = { told.append($0.text) }
    let (report, busy) = try runner.run()
    #expect(busy.isEmpty && told.count == 4 && told[0] == "run 1 of 4: both, seed 1 (0 finished)")
    #expect(told[3].hasPrefix("run 4 of 4: last, seed 2 (3 finished, about "))
    #expect(tiny.names("study") == ["study.yaml", "study.html", "results.json", "runs", "claims"])
    #expect(tiny.names("study/runs") == Set(study.runs.map(\.name)) && tiny.names("study/claims").isEmpty)
    // Each is what mohawk distill makes of its recipe.
    let run = study.runs[3]
    var recipe = run.recipe
    recipe.frames = []
    try tiny.distil(recipe, "alone")
    #expect(
      try tiny.bytes("study/runs/\(run.name)/model/model.safetensors") == tiny.bytes("alone/model/model.safetensors"))
    #expect(
      try Study.load(folder + "/study.yaml").runs.map(\.recipe.fingerprint) == study.runs.map(\.recipe.fingerprint))

    #expect(report.outcomes.allSatisfy { $0.state == .finished } && report.notes.isEmpty)
    for outcome in report.outcomes {
      let own = try RunReport(folder: "\(folder)/runs/\(outcome.arm)_seed\(outcome.seed)")
      #expect(outcome.value("KL") == own.evaluation?.divergence && outcome.value("KL") != nil)
      #expect(outcome.value("tokens") == (outcome.arm == "both" ? 512 : 256))
      #expect(outcome.value("output error")!.isFinite && outcome.value("bits per byte")! > 0)
    }
    #expect(report.table.rows.map { $0[0] } == ["both", "both: window", "last", "last: window"])
    let comparison = try #require(report.comparisons.first)
    #expect(comparison.arm == "last" && comparison.measure == "KL" && comparison.test.pairs == 2)
    let difference = report.outcomes[1].value("KL")! - report.outcomes[0].value("KL")!
    let second = report.outcomes[3].value("KL")! - report.outcomes[2].value("KL")!
    #expect(abs(comparison.test.mean - (difference + second) / 2) < 1e-12)

    let page = try String(contentsOfFile: folder + "/study.html", encoding: .utf8)
    for part in [
      "id=\"results\"", "Beside both", "id=\"measures\"", "per token", "per second", "id=\"matrices\"",
      "data:image/png",
      "runs/last_seed2/report.html", "[distillation]",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(page.filter { $0 == "\u{0}" }.isEmpty && !page.contains("nan"))

    // A finished study is only told again.
    let events = tiny.recorder.events.count
    let again = try StudyRunner(study, folder: folder, settings(tiny)).run()
    #expect(tiny.recorder.events.count == events && again.report.table == report.table)
  }

  @Test(arguments: [3, 8, 9, 13]) func aStoppedStudyGoesOnExactly(_ steps: Int) throws {
    let tiny = try TinyRun()
    let study = try study(tiny)
    let folder = tiny.path("study")
    _ = try StudyRunner(study, folder: tiny.path("whole"), settings(tiny)).run()
    let error = #expect(throws: MohawkError.self) {
      try StudyRunner(study, folder: folder, settings(tiny, stopAfter: steps)).run()
    }
    #expect(error?.code == .interrupted && tiny.names("study/claims").isEmpty)
    #expect(tiny.names("study").contains("study.html"))
    let (report, _) = try StudyRunner(study, folder: folder, settings(tiny)).run()
    #expect(report.outcomes.allSatisfy { $0.state == .finished })
    for run in study.runs {
      let model = "runs/\(run.name)/model/model.safetensors"
      #expect(try tiny.bytes("study/" + model) == tiny.bytes("whole/" + model))
    }
  }

  @Test func oneRunThatFailsDoesNotStopTheOthers() throws {
    let tiny = try TinyRun()
    var study = try study(tiny)
    study.arms[0].recipe.student.attentionLayers = [7]  // the teacher has three layers
    let folder = tiny.path("study")
    let (report, busy) = try StudyRunner(study, folder: folder, settings(tiny)).run()
    #expect(report.outcomes.map(\.state) == [.failed, .finished, .failed, .finished] && busy.isEmpty)
    #expect(report.outcomes[0].error?.contains("layers 0 to 2") == true)
    #expect(report.notes.count { $0.contains("both, seed") && $0.contains("failed: ") } == 2)
    #expect(tiny.notices.contains { $0.hasPrefix("both_seed1 failed: ") })
    #expect(report.table.rows[0] == ["both", "0 of 2", "–", "–", "–", "–", "–"] && report.comparisons.isEmpty)
    // The same command tries it again, and a study that is mended goes on.
    let steps = tiny.recorder.steps.count
    let again = try StudyRunner(study, folder: folder, settings(tiny)).run().report
    #expect(again.outcomes.map(\.state) == [.failed, .finished, .failed, .finished])
    #expect(tiny.recorder.steps.count == steps && tiny.notices.count { $0.hasPrefix("both_seed1 failed: ") } == 2)
    study.arms[0].recipe.student.attentionLayers = [1]
    let mended = try StudyRunner(study, folder: folder, settings(tiny)).run().report
    #expect(mended.outcomes.allSatisfy { $0.state == .finished } && mended.notes.isEmpty)
    #expect(tiny.names("study/failures").isEmpty)
  }

  @Test func aFinishedRunDoesNotBecomeThatOfAnotherRecipe() throws {
    let tiny = try TinyRun()
    var study = try study(tiny)
    study.seeds = [1]
    let folder = tiny.path("study")
    _ = try StudyRunner(study, folder: folder, settings(tiny)).run()
    // More seeds and arms are only more runs.
    study.seeds = [1, 5]
    let steps = tiny.recorder.steps.count
    _ = try StudyRunner(study, folder: folder, settings(tiny)).run()
    #expect(tiny.recorder.steps.count == steps + 8 + 4)
    study.arms[1].recipe.distillation.learningRate = 0.5
    let report = try StudyRunner(study, folder: folder, settings(tiny)).run().report
    #expect(report.outcomes.map(\.state) == [.finished, .failed, .finished, .failed])
    #expect(report.outcomes[1].error?.contains("distillation.learningRate") == true)
    #expect(tiny.recorder.steps.count == steps + 8 + 4)
    #expect(throws: MohawkError.self) {
      try StudyRunner(study, folder: folder + "/runs/both_seed1", settings(tiny)).run()
    }
  }

  @Test func aRunInOtherHandsIsLeftToThem() throws {
    let tiny = try TinyRun()
    let study = try study(tiny)
    let folder = tiny.path("study")
    guard case .taken(let claim) = try RunClaim.take("both_seed1", in: folder + "/claims") else {
      Issue.record("a fresh claim is free")
      return
    }
    let (report, busy) = try StudyRunner(study, folder: folder, settings(tiny)).run()
    #expect(report.outcomes.map(\.state) == [.waiting, .finished, .finished, .finished])
    #expect(
      busy.count == 1 && busy[0].hasPrefix("both_seed1: process ") && report.notes == ["1 of 4 runs is not begun."])
    claim.release()
    let waiting = StudyRunner(study, folder: folder, settings(tiny))
    waiting.waits = true
    #expect(try waiting.run().report.outcomes.allSatisfy { $0.state == .finished })
  }

  @Test func aMeasureThatNoRunHasIsNamed() throws {
    let tiny = try TinyRun()
    var study = try study(tiny)
    study.seeds = [1]
    study.arms.removeLast()
    study.report = ["KL", "neddle_512/acc"]
    let report = try StudyRunner(study, folder: tiny.path("study"), settings(tiny)).run().report
    #expect(report.notes.count == 1 && report.notes[0].contains("“neddle_512/acc”; there are KL, perplexity"))
    #expect(report.table.rows == [["both", "1", report.table.rows[0][2], "–"]] && report.comparisonTable == nil)
  }
}
