import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkRuns
import Testing

/// Hybrids whose attention layers are found by a rule.
@Suite struct AttentionRuleTests {
  private func recipe(_ tiny: TinyRun, _ rule: String, _ change: (inout Recipe) -> Void = { _ in }) throws -> Recipe {
    let teacher = try tiny.teacher(maxLength: 128)
    return tiny.recipe {
      $0.teacher = teacher
      $0.stages = [.distillation]
      $0.data.sequenceLength = 96
      $0.distillation.batchTokens = 96
      $0.distillation.tokens = 4 * 96
      $0.student.attention = AttentionRule(text: rule)
      change(&$0)
    }
  }

  private func kept(_ folder: RunFolder) throws -> [Int] {
    let mixers = try DecoderConfiguration(folder: folder.model).mixers
    return mixers.indices.filter { mixers[$0].isAttention }
  }

  @Test func everySecondLayerIsTheLastOfTwo() throws {
    let tiny = try TinyRun()
    #expect(try kept(tiny.distil(recipe(tiny, "every:2"))) == [1])
    #expect(tiny.notices.contains("every:2: attention stays in layers 1"))
  }

  @Test func aShareOfTheLayersIsAtLeastOne() throws {
    let rule = try #require(AttentionRule(text: "best:1/6"))
    #expect(rule == .bestOneIn(6) && rule.description == "best:1/6")
    #expect([1, 6, 11, 12, 30].map { rule.choices(of: $0) } == [1, 1, 1, 2, 5])
    #expect(["best:1/0", "best:2/6", "every:1/6", "best:1/"].allSatisfy { AttentionRule(text: $0) == nil })
    let tiny = try TinyRun()
    #expect(try kept(tiny.distil(recipe(tiny, "best:1/2"))).count == 1)
    #expect(tiny.notices.contains { $0.hasPrefix("best:1/2: attention stays in layers ") })
  }

  @Test func theBestLayersAreChosenOnceAndKeptByTheRun() throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny, "best:2")
    let folder = try tiny.distil(recipe)
    let layers = try kept(folder)
    #expect(layers.count == 2)
    #expect(tiny.notices.count { $0.hasPrefix("attention in layer ") } == 2)
    let stored = try RecipeLoader.load(folder.path + "/recipe.yaml")
    #expect(stored.student.attention == .best(2) && stored.student.attentionLayers.isEmpty)
    #expect(try RunReport(folder: folder.path).html.contains("attention kept by the rule best:2"))

    // Stopped after a step, the run goes on with the same layers, and ends with the same weights.
    let other = try TinyRun()
    other.stopAfter = 1
    var same = recipe
    same.data.train = [other.path("text.txt")]
    #expect(throws: MohawkError.self) { try other.distil(same) }
    other.stopAfter = nil
    let resumed = try other.distil(same)
    #expect(other.notices.count { $0.hasPrefix("attention in layer ") } == 2)
    #expect(try kept(resumed) == layers)
    #expect(try other.bytes("run/model/model.safetensors") == tiny.bytes("run/model/model.safetensors"))
  }

  @Test func framesKeepTheSameLayers() throws {
    let tiny = try TinyRun()
    var recipe = try recipe(tiny, "best:1")
    let folder = try tiny.distil(recipe)
    recipe.frames = [.window, .floor]
    try tiny.distil(recipe)
    let floor = try DecoderConfiguration(folder: tiny.path("run/frames/floor/model")).mixers
    #expect(floor.indices.filter { floor[$0].isAttention } == (try kept(folder)))
  }

  @Test func sequencesTooShortToLookBackInAreRefused() throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny, "best:1") {
      $0.data.sequenceLength = 8
      $0.distillation.batchTokens = 64
    }
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.location == "data.sequenceLength")
  }

  @Test(arguments: [
    ("every:4", "every:4 keeps no layer of a teacher with 3"),
    ("best:4", "best:4 asks for more layers than the teacher's 3"),
  ]) func rulesThatDoNotFitTheTeacherAreRefused(_ rule: String, _ message: String) throws {
    let tiny = try TinyRun()
    let recipe = try recipe(tiny, rule)
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.message == message)
  }
}
