import Foundation
import MohawkDecoding
import MohawkExport
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkRuns

/// Runs whose students keep single heads of attention.
@Suite struct KeptHeadRunTests {
  private func recipe(_ tiny: TinyRun, _ change: (inout Recipe) -> Void = { _ in }) throws -> Recipe {
    let teacher = try tiny.llama()
    return tiny.recipe {
      $0.teacher = teacher
      $0.stages = [.distillation]
      $0.data.sequenceLength = 32
      change(&$0)
    }
  }

  private func kept(_ folder: String) throws -> [[Int]] {
    try DecoderConfiguration(folder: folder).keptHeads
  }

  @Test func theHeadsOfARuleAreChosenOnceAndKeptByTheRun() throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny) { $0.student.attention = .heads(3) }
    let folder = try tiny.distil(recipe)
    let heads = try kept(folder.model)
    #expect(heads.reduce(0) { $0 + $1.count } == 3)
    let told = tiny.notices.filter { $0.hasPrefix("head ") }
    #expect(tiny.notices.contains { $0.hasPrefix("heads:3: 3 of 12 heads keep attention") } && told.count == 3)
    for (layer, head) in heads.enumerated().flatMap({ layer, heads in heads.map { (layer, $0) } }) {
      #expect(told.contains { $0.hasPrefix("head \(layer).\(head): ") })
    }
    let stored = try RecipeLoader.load(folder.path + "/recipe.yaml")
    #expect(stored.student.attention == .heads(3) && stored.student.attentionHeads.isEmpty)
    #expect(try RunReport(folder: folder.path).html.contains("attention kept by the rule heads:3"))

    // Stopped after a step, the run goes on with the same heads, and ends with the same weights.
    let other = try TinyRun()
    other.stopAfter = 1
    var same = recipe
    same.data.train = [other.path("text.txt")]
    #expect(throws: MohawkError.self) { try other.distil(same) }
    let measured = try other.bytes("run/data/heads.json")
    other.stopAfter = nil
    let resumed = try other.distil(same)
    #expect(try kept(resumed.model) == heads && other.bytes("run/data/heads.json") == measured)
    #expect(try other.bytes("run/model/model.safetensors") == tiny.bytes("run/model/model.safetensors"))
  }

  @Test func everyStageTrainsAStudentWithKeptHeadsAWindowAndAKeptLayer() throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny) {
      $0.stages = [.calibration, .orientation, .alignment, .distillation]
      $0.student.window = 3
      $0.student.attentionLayers = [1]
      $0.student.attentionHeads = [AttentionHead(layer: 0, head: 3), AttentionHead(layer: 2, head: 1)]
    }
    let whole = try tiny.distil(recipe, "whole")
    for steps in [2, 7, 3] {
      tiny.stopAfter = steps
      #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    }
    tiny.stopAfter = nil
    try tiny.distil(recipe)
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))

    let model = try Decoder.open(whole.model)
    #expect(model.configuration.mixers == [.discreteMamba2, .attention, .discreteMamba2])
    #expect(try kept(whole.model) == [[3], [], [1]])
    let report = try RunReport(folder: whole.path)
    #expect(report.samples.count == 1 && report.decode.count == 2)
    #expect(report.html.contains("attention kept in 1 layer, attention kept in 2 single heads"))
    let copied = report.transfer.filter { $0.how == "copied" }.map(\.student)
    #expect(
      copied.contains("layers.0.mixer.kept.q_proj.weight") && copied.contains("layers.2.mixer.kept.k_proj.weight"))
    // All that trains mixers has moved them.
    let start = try Decoder.open(tiny.path("llama"))
    let (own, teachers) = (
      model.parameters["layers.0.mixer.kept.q_proj.weight"]!.value,
      start.parameters["layers.0.attention.q_proj.weight"]!.value.narrowed(0, from: 24, length: 8)
    )
    #expect(own.shape == teachers.shape)
    let moved = zip(own.floats(), teachers.contiguous().floats()).map { abs($0 - $1) }.max() ?? 0
    #expect(moved > 0 && moved < 0.1)
  }

  @Test func framesKeepTheSameHeadsButForTheControl() throws {
    let tiny = try TinyRun()
    var recipe = try recipe(tiny) { $0.student.attention = .heads(2) }
    let folder = try tiny.distil(recipe)
    recipe.frames = [.control, .floor]
    try tiny.distil(recipe)
    #expect(try kept(tiny.path("run/frames/floor/model")) == kept(folder.model))
    #expect(try DecoderConfiguration(folder: tiny.path("run/frames/control/model")).isTransformer)
  }

  @Test func whatHasNoFormForKeptHeadsSaysSoAndTransformersOpensThem() throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny) { $0.student.attentionHeads = [AttentionHead(layer: 0, head: 3)] }
    let folder = try tiny.distil(recipe).model
    func refused(_ part: String, _ body: () throws -> Void) {
      let error = #expect(throws: MohawkError.self) { try body() }
      #expect(error?.description.contains(part) == true, "\(error as Any)")
    }
    refused("no architecture with discrete-mamba-2 layers") {
      _ = try GGUFExport.write(folder: folder, to: tiny.path("model.gguf"))
    }
    #expect(tiny.names("run/model").contains("attention_mohawk.py"))
    let card = try String(contentsOfFile: folder + "/README.md", encoding: .utf8)
    #expect(card.contains("trust_remote_code=True"))
    for weights in [WeightPrecision.bfloat16, .int8] {
      let engine = try DecodingEngine.open(folder, weights: weights)
      #expect(engine.read([1, 2, 3], engine.emptyState()).shape == [1, 320])
    }
  }

  @Test func rulesAndTextsThatDoNotFitAreRefused() throws {
    let tiny = try TinyRun()
    let many = #expect(throws: MohawkError.self) {
      try tiny.distil(recipe(tiny) { ($0.student.attention, $0.student.attentionLayers) = (.heads(9), [1]) })
    }
    #expect(many?.message == "heads:9 asks for more heads than the 8 that can be kept alone")
    let short = #expect(throws: MohawkError.self) {
      try tiny.distil(
        recipe(tiny) {
          $0.student.attention = .headsPercent(10)
          $0.data.sequenceLength = 8
        })
    }
    #expect(short?.location == "data.sequenceLength")
  }

  @Test func aPlanCountsHeadsThatAreNotFoundYet() throws {
    let tiny = try TinyRun()
    func plan(_ change: (inout Recipe) -> Void) throws -> RunPlan {
      try RunPlan(recipe(tiny, change), measures: false)
    }
    let without = try plan { $0.student.mixer = .discreteMamba2 }
    let with = try plan { ($0.student.attention, $0.student.attentionLayers) = (.heads(3), []) }
    // A head has 8 rows of queries and 8 of keys, but where two share them: here heads of three layers.
    #expect(with.studentParameters - without.studentParameters == 3 * 16 * 32)
    #expect(with.notes.contains { $0.hasPrefix("heads:3: heads of the last layers stand for") })
    #expect(with.stages[0].operations > without.stages[0].operations)
    let share = try plan { ($0.student.attention, $0.student.attentionLayers) = (.headsPercent(10), [2]) }
    #expect(share.recipe.student.attentionHeads == [AttentionHead(layer: 1, head: 0)])
    let measured = try RunPlan(recipe(tiny) { $0.student.attention = .heads(3) }, measures: true)
    #expect(measured.stages[0].seconds ?? 0 > 0)
  }
}
