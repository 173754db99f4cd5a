import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkDistillation
@testable import MohawkRuns

/// Signals that are written by one command and learned from by another.
@Suite struct SignalRunTests {
  let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    _ = try tiny.teacher()
  }

  private func recipe(_ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    tiny.recipe {
      $0.teacher = tiny.path("teacher")
      $0.distillation.microBatchTokens = 32
      change(&$0)
    }
  }

  /// Writes signals and tells the sequences that the teacher read.
  @discardableResult
  private func write(
    _ recipe: Recipe, _ folder: String = "signals", top: Int = 8, inputs: Bool = false, stopAfter: Int = .max,
    shardBytes: Int = 1 << 27, space: Int = .max
  ) throws -> Int {
    var (passes, tokens) = (0, 0)
    var settings = RunSettings()
    settings.notice = { [tiny] in tiny.notices.append($0) }
    settings.shouldStop = { passes >= stopAfter }
    let run = SignalRun(recipe, folder: tiny.path(folder), top: top, keepsInputs: inputs, settings)
    run.shardBytes = shardBytes
    run.space = { _ in space }
    run.progress = {
      passes += 1
      tokens = $0.tokens
    }
    try run.run()
    return tokens / 16
  }

  private func distil(_ recipe: Recipe, _ folder: String) throws -> [[Double]] {
    tiny.recorder.events = []
    try tiny.distil(recipe, folder)
    return tiny.recorder.steps.map(\.numbers)
  }

  /// Everything in the shards of a folder, by the ids of its sequence.
  private func content(_ folder: String) throws -> [[Int]: [String]] {
    var found: [[Int]: [String]] = [:]
    for shard in try SignalManifest(folder: tiny.path(folder)).shards {
      let file = try SafetensorsFile(tiny.path(folder) + "/" + shard.file)
      let tokens = try file.tensor("tokens")
      for row in 0..<tokens.size(0) {
        let values = try file.names.filter { $0 != "tokens" }.sorted().map { name in
          "\(shard.part) \(name) \(try file.tensor(name).selected(0, row).to(.float64).doubles())"
        }
        found[tokens.selected(0, row).integers(), default: []] += values
      }
    }
    return found
  }

  @Test func layersLearnTheSameNumbersFromTheirInputs() throws {
    let recipe = recipe { $0.stages = [.orientation, .alignment] }
    #expect(try write(recipe, inputs: true) == 32)
    let now = try distil(recipe, "now")
    let kept = try distil(
      self.recipe {
        $0.stages = [.orientation, .alignment]
        $0.signals = tiny.path("signals")
      }, "kept")
    #expect(kept == now && kept.count == 8)
    #expect(try tiny.bytes("kept/model/model.safetensors") == tiny.bytes("now/model/model.safetensors"))
    #expect(
      tiny.notices.contains {
        $0.hasSuffix("signals stands in for the teacher in orientation and alignment; its shards are being checked")
      })
  }

  @Test func allProbabilitiesTeachWhatTheTeacherTeaches() throws {
    let recipe = recipe { $0.stages = [.distillation] }
    #expect(try write(recipe, top: 320) == 16)
    let now = try distil(recipe, "now")
    let kept = try distil(
      self.recipe {
        $0.stages = [.distillation]
        $0.signals = tiny.path("signals")
      }, "kept")
    // fp16 keeps eleven bits of a probability.
    for (mine, exact) in zip(kept, now) { #expect(abs(mine[2] / exact[2] - 1) < 2e-4, "\(mine) \(exact)") }
    #expect(kept.count == 4)
  }

  @Test func oneFolderServesAllStagesAndManyStudents() throws {
    #expect(try write(recipe(), inputs: true) == 48)
    let whole = recipe { $0.signals = tiny.path("signals") }
    #expect(try distil(whole, "first").count == 12)
    let shown = try RunReport(folder: tiny.path("first")).start?.rows
      .filter { $0.name.hasPrefix("moves in part") }.map(\.teacher)
    let inputs = "its layers, from inputs that were kept"
    #expect(shown == [inputs, inputs, "its 8 most likely tokens, kept"])
    let other = recipe {
      $0.signals = tiny.path("signals")
      $0.student.stateDim = 4
      $0.student.attentionLayers = [1]
      $0.distillation.learningRate = 1e-3
    }
    #expect(try distil(other, "second").count == 12)
    // Where a stage's part is not kept, the teacher runs.
    try write(recipe(), "top", top: 8)
    #expect(try distil(recipe { $0.signals = tiny.path("top") }, "third").count == 12)
    #expect(tiny.notices.contains { $0.contains("top stands in for the teacher in distillation;") })
  }

  @Test(arguments: [1, 3]) func writingThatIsStoppedGoesOn(_ passes: Int) throws {
    let recipe = recipe()
    try write(recipe, "whole", inputs: true)
    var (starts, sequences) = (1, 0)
    while true {
      do {
        sequences += try write(recipe, inputs: true, stopAfter: passes)
        break
      } catch let error as MohawkError where error.code == .interrupted {
        #expect(error.remedy == "give the same command again to continue")
        starts += 1
      }
    }
    // Stage 3 reads two sequences in a pass, the others four: 16 passes.
    #expect(starts == (16 + passes - 1) / passes)
    #expect(try content("signals") == content("whole"))
    #expect(try content("whole").count == 48)
    #expect(try write(recipe, inputs: true) == 0)
    #expect(tiny.notices.last?.hasSuffix("signals holds all signals of this recipe") == true)
  }

  @Test func aShardThatIsFullIsClosed() throws {
    try write(recipe(), shardBytes: 4 * 16 * 38)
    let shards = try SignalManifest(folder: tiny.path("signals")).shards
    #expect(shards.map(\.sequences) == [4, 4, 4, 4])
  }

  @Test func moreTokensAndMoreEpochsAreAdded() throws {
    let short = recipe { $0.stages = [.distillation] }
    #expect(try write(short) == 16)
    let long = recipe {
      $0.stages = [.distillation]
      $0.distillation.tokens = 100_000
      $0.signals = tiny.path("signals")
    }
    let added = try write(long)
    let windows = try content("signals").count
    // Every sequence of the text once, however often a run sees it.
    #expect(added == windows - 16 && windows < 100_000 / 16)
    // Then any seed and order will do.
    let other = recipe {
      $0.stages = [.orientation, .distillation]
      $0.signals = tiny.path("signals")
      $0.seed = 5
    }
    #expect(try distil(other, "run").count == 8)
    #expect(try write(short) == 0)
  }

  @Test func trainingFromSignalsIsStoppedAndGoesOn() throws {
    try write(recipe(), inputs: true)
    let recipe = recipe { $0.signals = tiny.path("signals") }
    let whole = try distil(recipe, "whole")
    tiny.stopAfter = 5
    for _ in 0..<2 { #expect(throws: MohawkError.self) { try tiny.distil(recipe) } }
    tiny.stopAfter = nil
    tiny.recorder.events = []
    try tiny.distil(recipe)
    #expect(tiny.recorder.steps.map(\.numbers) == Array(whole.suffix(2)))
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  /// Distils and expects one sentence with all these parts, before a step was made.
  private func refused(_ code: MohawkError.Code, _ parts: String..., change: (inout Recipe) throws -> Void) throws {
    var recipe = recipe { $0.signals = tiny.path("signals") }
    try change(&recipe)
    tiny.recorder.events = []
    try? FileManager.default.removeItem(atPath: tiny.path("run"))
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.code == code, "\(error as Any)")
    for part in parts { #expect(error?.description.contains(part) == true, "\(part): \(error as Any)") }
    #expect(error?.description.contains("\n") == false && tiny.recorder.events.isEmpty)
    #expect(!tiny.names("run").contains { $0 == "model" || $0 == "metrics.jsonl" || $0.hasPrefix("checkpoint") })
  }

  @Test func signalsThatDoNotFitTheRunAreRefused() throws {
    try write(recipe(), inputs: true)
    try refused(.missingFile, "nowhere", "mohawk signals") { $0.signals = tiny.path("nowhere") }
    try refused(.invalidValue, "signals must not be empty") { $0.signals = "" }
    try refused(.mismatch, "another teacher") { $0.teacher = try tiny.teacher("other", maxLength: 32) }
    try refused(.mismatch, "sequences of 16 tokens, not 32") { $0.data.sequenceLength = 32 }
    try refused(.mismatch, "16 sequences of stage orientation", "made for seed 1") { $0.seed = 2 }
    try refused(.mismatch, "32 sequences of stage distillation, 16 are not") { $0.distillation.tokens = 512 }
    try refused(.mismatch, "computed in fp32, and the run computes in bf16") { $0.precision = .bfloat16 }
    try refused(.mismatch, "of stage orientation, ") {
      $0.data.train = [try tiny.place.write("other.txt", "Once more. " + TinyRun.text)]
    }
    var trainer = BytePairTrainer()
    trainer.add(TinyRun.text)
    try trainer.train(vocabularySize: 290).write(to: tiny.path("tokenizer.json"))
    try refused(.mismatch, "not the teacher's") { $0.data.tokenizer = tiny.path("tokenizer.json") }
    try refused(.mismatch, "another tokenizer") {
      $0.data.tokenizer = tiny.path("tokenizer.json")
      $0.data.foreignTokenizer = true
    }
    try write(recipe { $0.student.attentionLayers = [1] }, "some", inputs: true)
    try refused(.mismatch, "no inputs of layer 1") { $0.signals = tiny.path("some") }
    try write(recipe(), "top")
    try refused(.mismatch, "nothing that a stage of the run learns from") {
      $0.signals = tiny.path("top")
      $0.stages = [.orientation, .alignment]
    }
  }

  @Test func damagedShardsAreRefusedBeforeTheFirstStepAndMended() throws {
    try write(recipe())
    let path = tiny.path("signals/top-00000.safetensors")
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    try good.dropLast(100).write(to: URL(fileURLWithPath: path))
    try refused(.truncatedFile, "top-00000.safetensors", "remove it and give mohawk signals again") { _ in }
    #expect(throws: MohawkError.self) { try write(recipe()) }
    try FileManager.default.removeItem(atPath: path)
    try refused(.missingFile, "top-00000.safetensors", "give mohawk signals again") { _ in }
    try tiny.place.write("signals/.partial-77-top-00001.safetensors", "half")
    #expect(try write(recipe()) == 16)
    #expect(!tiny.names("signals").contains { $0.hasPrefix(".partial") })
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == good)
  }

  @Test func whatCannotBeWrittenIsRefused() throws {
    func refused(_ code: MohawkError.Code, _ parts: String..., body: () throws -> Void) {
      let error = #expect(throws: MohawkError.self, performing: body)
      #expect(error?.code == code, "\(error as Any)")
      for part in parts { #expect(error?.description.contains(part) == true, "\(part): \(error as Any)") }
    }
    refused(.diskFull, "need 9.7 kB, and the disk has 9.7 kB left") { try write(recipe(), space: 16 * 16 * 38) }
    #expect(!tiny.names("signals").contains("manifest.json"))
    #expect(tiny.notices.contains("top 8 of 320 probabilities: 256 tokens of 38 bytes, 9.7 kB"))
    refused(.outOfRange, "--top is 321", "320 rows") { try write(recipe(), top: 321) }
    refused(.outOfRange, "--top is 0") { try write(recipe(), top: 0) }
    refused(.invalidValue, "--layer-inputs") { try write(recipe { $0.stages = [.alignment] }) }
    refused(.invalidValue, "no teacher") { try write(recipe { $0.teacher = nil }) }
    refused(.outOfRange, "layers 0 to 2") { try write(recipe { $0.student.attentionLayers = [7] }) }
    try write(recipe())
    refused(.mismatch, "keep the top 8, not 9") { try write(recipe(), top: 9) }
    refused(.mismatch, "another teacher") {
      try write(recipe { $0.teacher = try! tiny.teacher("other", maxLength: 32) })
    }
  }
}
