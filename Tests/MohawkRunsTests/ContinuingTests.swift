import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTraining
import Testing

@testable import MohawkRuns

/// Runs that are stopped, damaged, or started with another recipe.
@Suite struct ContinuingTests {
  @Test(arguments: [1, 2, 5]) func aRunThatIsStoppedAgainAndAgainGivesTheSameNumbers(_ every: Int) throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.alignment.evaluateEvery = 2
      $0.distillation.microBatchTokens = 32
    }
    try tiny.distil(recipe, "whole")
    let whole = tiny.recorder.steps.map(\.numbers)
    tiny.recorder.events = []
    tiny.stopAfter = every
    var starts = 1
    while true {
      do {
        try tiny.distil(recipe, "parts")
        break
      } catch let error as MohawkError where error.code == .interrupted {
        #expect(error.remedy == "give the same command again to continue")
        starts += 1
      }
    }
    #expect(starts == (12 + every - 1) / every + (12 % every == 0 ? 1 : 0))
    #expect(tiny.recorder.steps.map(\.numbers) == whole && whole.count == 12)
    #expect(try tiny.bytes("parts/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
    let logs = try ["whole", "parts"].map { name in
      try MetricsLog.read(tiny.path(name) + "/metrics.jsonl").filter {
        if case .checkpointed = $0 { false } else { true }
      }.map { event -> String in
        if case .step(let record) = event { return "\(record.numbers)" }
        if case .evaluated(let record) = event { return "\(record)" }
        return "\(event)".prefix { $0 != "(" } + "\(event.step ?? 0)"
      }
    }
    #expect(logs[0] == logs[1])
  }

  @Test func aCalibrationThatIsStoppedGoesOnWithTheBestWeightsSoFar() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.stages = [.calibration, .distillation]
      $0.calibration.tokens = 128
      ($0.calibration.passes, $0.calibration.evaluateEvery, $0.calibration.learningRate) = (4, 2, 0.05)
      $0.checkpoints.every = 0
    }
    try tiny.distil(recipe, "whole")
    let whole = tiny.recorder.steps
    #expect(whole.map(\.stageStep) == Array(1...8) + Array(1...4))
    tiny.recorder.events = []
    for steps in [1, 2, 2, 4] {
      tiny.stopAfter = steps
      #expect(throws: MohawkError.self) { try tiny.distil(recipe, "parts") }
    }
    tiny.stopAfter = nil
    try tiny.distil(recipe, "parts")
    #expect(tiny.recorder.steps.map(\.numbers) == whole.map(\.numbers))
    #expect(try tiny.bytes("parts/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func aRunThatDropsWindowsGoesOnBitForBit() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe {
      $0.teacher = try! tiny.llama()
      $0.student.window = 6
      $0.student.sinks = 2
      $0.stages = [.alignment, .distillation]
      for stage in $0.stages { $0[stage].windowDropout = 0.5 }
      $0.distillation.microBatchTokens = 32
    }
    try tiny.distil(recipe, "whole")
    let whole = tiny.recorder.steps.map(\.numbers)
    tiny.recorder.events = []
    tiny.stopAfter = 3
    #expect(throws: MohawkError.self) { try tiny.distil(recipe, "parts") }
    tiny.stopAfter = nil
    try tiny.distil(recipe, "parts")
    #expect(tiny.recorder.steps.map(\.numbers) == whole && whole.count == 8)
    #expect(try tiny.bytes("parts/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
    var other = recipe
    for stage in other.stages { other[stage].windowDropout = 0 }
    tiny.recorder.events = []
    try tiny.distil(other, "other")
    #expect(tiny.recorder.steps.map(\.numbers) != whole)

    let report = try RunReport(folder: tiny.path("whole"))
    let rows = try #require(report.evaluation).rows
    for name in ["perplexity", "KL(teacher ‖ student)", "same most likely token"] {
      #expect(rows.first { $0.name.hasPrefix(name + ", window off") }?.student?.isFinite == true, "\(name)")
    }
    #expect(report.html.contains("perplexity, window off"))
  }

  @Test func aFolderIsNamedWithoutTheSlashesAtItsEnd() {
    for (given, path) in [("run/", "run"), ("run", "run"), ("a/run//", "a/run"), ("/", "/")] {
      #expect(RunFolder(given).path == path)
    }
  }

  @Test func aStoppedPretrainingGoesOn() throws {
    let tiny = try TinyRun()
    try tiny.pretrain(tiny.recipe(), "whole")
    tiny.stopAfter = 3
    #expect(throws: MohawkError.self) { try tiny.pretrain(tiny.recipe(), "parts") }
    try tiny.pretrain(tiny.recipe(), "parts")
    #expect(try tiny.bytes("parts/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func anotherRecipeIsRefusedWithWhatDiffers() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    let before = try tiny.bytes("run/recipe.yaml")
    tiny.stopAfter = nil
    var other = recipe
    other.orientation.learningRate = 0.5
    let error = #expect(throws: MohawkError.self) { try tiny.distil(other) }
    #expect(
      error?.code == .mismatch && error?.message.contains("orientation.learningRate is 0.5 and was 0.0005") == true)
    #expect(error?.remedy?.contains("run/recipe.yaml") == true)
    #expect(try tiny.bytes("run/recipe.yaml") == before)
    try tiny.distil(try RecipeLoader.load(tiny.path("run/recipe.yaml"), set: []))
  }

  @Test func whatDecidesNoNumberMayChange() throws {
    let tiny = try TinyRun()
    var recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    recipe.checkpoints.every = 5
    recipe.name = "other"
    try tiny.distil(recipe)
    #expect(tiny.notices.contains { $0.contains("checkpoints.every is 5 and was 3") })
    #expect(try RecipeLoader.load(tiny.path("run/recipe.yaml")) == recipe)
  }

  @Test func aStartThatFailedBeforeItsFirstStepCanBeMended() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let short = try tiny.place.write("short.txt", "Too little.")
    var recipe = tiny.recipe { $0.teacher = tiny.path("nowhere") }
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(tiny.names("run") == [".lock"])
    recipe.teacher = teacher
    recipe.data.validation = [short]
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(tiny.names("run").contains("data"))
    // The tokens that were prepared for the other recipe must not be taken for this one's.
    recipe.data.validation = []
    recipe.data.train = [try tiny.place.write("other.txt", TinyRun.text + " The end.")]
    let folder = try tiny.distil(recipe)
    #expect(folder.isFinished && tiny.names("run/data") == ["sources.json", "train"])
    try tiny.distil(recipe, "fresh")
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("fresh/model/model.safetensors"))
  }

  @Test func aFolderInUseIsRefused() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    let lock = try RunLock(folder: tiny.path("run"))
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.code == .alreadyInUse)
    #expect(tiny.names("run") == [".lock"])
    withExtendedLifetime(lock) {}
  }

  @Test func theFolderOfAnotherRunIsRefused() throws {
    let tiny = try TinyRun()
    try tiny.pretrain(tiny.recipe(), "run")
    let before = tiny.names("run")
    let error = #expect(throws: MohawkError.self) {
      try tiny.distil(tiny.recipe { $0.teacher = tiny.path("run/model") })
    }
    #expect(error?.code == .mismatch && error?.message.contains("teacher is ") == true)
    #expect(tiny.names("run") == before)
  }

  @Test func damagedCheckpointsArePassedOverWithANotice() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    try tiny.distil(recipe, "whole")
    tiny.stopAfter = 8
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    let file = tiny.path("run/checkpoint-000008/model.safetensors")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: file))
    try tiny.distil(recipe)
    #expect(tiny.notices.contains { $0.contains("damaged checkpoint") && $0.contains("checkpoint-000008") })
    #expect(tiny.notices.contains { $0.contains("continuing after step") })
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func aRunWhoseCheckpointsAreAllDamagedIsRefused() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    try FileManager.default.removeItem(atPath: tiny.path("run/checkpoint-000002/state.json"))
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.message == "all checkpoints of this run are damaged")
  }

  @Test func whatKilledWritersLeftIsRemoved() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    for name in [".partial-77-samples.json", "data/.partial-train/x", ".partial-checkpoint-000004/model.safetensors"] {
      try tiny.place.write("run/" + name, "half")
    }
    try tiny.distil(recipe)
    #expect(!tiny.names("run").union(tiny.names("run/data")).contains { $0.hasPrefix(".partial") })
  }
}
