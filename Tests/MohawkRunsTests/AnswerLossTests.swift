import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkText
import Testing

@testable import MohawkRuns

/// Runs whose losses count what the assistant writes only (`data.lossOn`).
@Suite struct AnswerLossTests {
  private static let template =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"

  /// A teacher with a chat template, and conversations of stories; `question` is said by the user only.
  private func conversations(_ tiny: TinyRun, question: String = "Tell me a story.") throws -> Recipe {
    let teacher = try tiny.teacher()
    try tiny.place.write("teacher/chat_template.jinja", Self.template)
    let generator = StoryGenerator(seed: 1)
    let lines = try (0..<30).map { index in
      let turns = [
        ["role": "user", "content": question], ["role": "assistant", "content": generator.story(at: index)],
      ]
      return String(decoding: try JSONEncoder().encode(["messages": turns]), as: UTF8.self)
    }
    try tiny.place.write("chats.jsonl", lines.joined(separator: "\n"))
    return tiny.recipe {
      $0.teacher = teacher
      $0.data.train = [tiny.path("chats.jsonl")]
      $0.data.validation = [tiny.path("text.txt")]
      $0.data.lossOn = .answers
    }
  }

  @Test func aRunSaysWhatCountsAndWhatIsLeftOut() throws {
    let tiny = try TinyRun()
    let long = String(repeating: "Tell me a story of the mill and the river. ", count: 8)
    let folder = try tiny.distil(conversations(tiny, question: long))
    let shards = try TokenShards(path: folder.trainingTokens)
    let counted = try #require(shards.lossTokens)
    #expect(counted > 0 && counted < shards.count)
    #expect(tiny.notices.contains { $0.contains("\(counted) of \(shards.count) tokens count in the loss") })
    #expect(tiny.notices.contains { $0.contains("left out, because no answer is in them") })
    #expect(tiny.notices.contains { $0.contains("orientation and alignment compare layers at all tokens") })
    #expect(tiny.recorder.steps.count == 12 && tiny.recorder.steps.allSatisfy { $0.loss.isFinite })
    #expect(try TokenShards(path: folder.heldOutTokens).lossTokens == nil)
  }

  @Test func whatCountsChangesStageThreeOnly() throws {
    let tiny = try TinyRun()
    var recipe = try conversations(tiny, question: "?")
    // Longer than what lies between two answers: every sequence has some of one, so that the order is the same.
    recipe.data.sequenceLength = 32
    try tiny.distil(recipe, "answers")
    let answers = tiny.recorder.steps
    tiny.recorder.events = []
    recipe.data.lossOn = .all
    try tiny.distil(recipe, "all")
    let all = tiny.recorder.steps
    let stage3 = answers.firstIndex { $0.stage == .distillation }!
    #expect(answers[..<stage3].map(\.numbers) == all[..<stage3].map(\.numbers))
    // A batch that lies in answers altogether has the same loss.
    #expect(answers[stage3...].map(\.loss) != all[stage3...].map(\.loss))
  }

  @Test(arguments: [5, 9, 10]) func aRunGoesOnExactly(_ steps: Int) throws {
    let tiny = try TinyRun()
    let recipe = try conversations(tiny)
    try tiny.distil(recipe, "whole")
    tiny.stopAfter = steps
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    try tiny.distil(recipe)
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))
  }

  @Test func shardsMustHaveAMaskAndAreHeldToIt() throws {
    let tiny = try TinyRun()
    var recipe = try conversations(tiny)
    let shards = try tiny.distil(recipe, "first").trainingTokens
    try FileManager.default.copyItem(atPath: shards, toPath: tiny.path("shards"))
    let lossy = try tiny.bytes("first/model/model.safetensors")
    recipe.data.train = [tiny.path("shards")]
    try tiny.distil(recipe, "second")
    #expect(try tiny.bytes("second/model/model.safetensors") == lossy)
    recipe.data.lossOn = .all
    tiny.notices = []
    try tiny.distil(recipe, "third")
    #expect(tiny.notices.contains { $0.contains("is not used, because data.lossOn is all") })
    recipe.data.lossOn = .answers
    var plain = recipe
    plain.data.train = [try tiny.distil(tiny.recipe { $0.teacher = recipe.teacher }, "plain").trainingTokens]
    let error = #expect(throws: MohawkError.self) { try tiny.distil(plain, "fourth") }
    #expect(error?.message.contains("no loss mask") == true && error?.remedy?.contains("--loss-on answers") == true)
    // A mask that changes while a run learns from it is seen.
    tiny.stopAfter = 10
    #expect(throws: MohawkError.self) { try tiny.distil(recipe, "fifth") }
    tiny.stopAfter = nil
    try FileManager.default.removeItem(atPath: tiny.path("shards/shards.json"))
    var mask = try tiny.bytes("shards/tokens-00000.mask")
    (mask[0], mask[1]) = (mask[1], mask[0])
    try mask.write(to: URL(fileURLWithPath: tiny.path("shards/tokens-00000.mask")))
    if mask[0] != mask[1] {
      #expect(#expect(throws: MohawkError.self) { try tiny.distil(recipe, "fifth") }?.code == .mismatch)
    }
  }

  @Test func textWithoutAnswersIsRefusedBeforeAStep() throws {
    let tiny = try TinyRun()
    var recipe = try conversations(tiny)
    recipe.data.train.append(tiny.path("text.txt"))
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.message.contains("no answers to learn from") == true)
    #expect(error?.location == tiny.path("text.txt"))
    #expect(tiny.recorder.steps.isEmpty)
  }

  @Test func pretrainingTakesTheTemplateOfItsTokenizersFolder() throws {
    let tiny = try TinyRun()
    var recipe = try conversations(tiny)
    recipe.data.tokenizer = recipe.teacher
    recipe.teacher = nil
    #expect(try tiny.pretrain(recipe).isFinished)
    #expect(tiny.notices.contains { $0.contains("tokens count in the loss") })
    #expect(!tiny.notices.contains { $0.contains("compare layers") })
    recipe.data.tokenizer = tiny.path("teacher/tokenizer.json")
    #expect(try tiny.pretrain(recipe, "other").isFinished)
  }

  @Test func recipesWhereItHasNoEffectAreRefused() throws {
    let tiny = try TinyRun()
    var recipe = try conversations(tiny)
    recipe.stages = [.alignment]
    #expect(#expect(throws: MohawkError.self) { try recipe.validate() }?.message.contains("data.lossOn") == true)
    recipe.stages = [.distillation]
    recipe.data.repeats = 0.5
    #expect(#expect(throws: MohawkError.self) { try recipe.validate() }?.message.contains("data.repeats") == true)
    recipe.data.repeats = 0
    recipe.data.train = []
    #expect(#expect(throws: MohawkError.self) { try recipe.validate() }?.message.contains("data.lossOn") == true)
  }
}
