import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkRuns

@Suite struct WholeRunTests {
  @Test func aTextThatIsShorterThanTheBudgetsIsToldSo() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let text = String(repeating: "One day Tom saw a red ball in the park. ", count: 60)
    try text.write(toFile: tiny.path("short.txt"), atomically: true, encoding: .utf8)
    func told(_ file: String) throws -> [String] {
      tiny.notices = []
      let recipe = tiny.recipe {
        $0.teacher = teacher
        $0.data.train = [tiny.path(file)]
        $0.stages = [.alignment]
        $0.alignment.tokens = 2048
        $0.evaluation.tokens = 32
      }
      try tiny.distil(recipe, "of-" + file)
      return tiny.notices.filter { $0.contains("they see it ") }
    }
    #expect(try told("text.txt").isEmpty)
    let sentences = try told("short.txt")
    #expect(sentences.count == 1 && sentences[0].contains("the stages take 2,048: they see it "), "\(tiny.notices)")
    #expect(try told("short.txt").isEmpty)  // the run has been told
  }

  @Test func aTeacherIsPretrainedAndDistilledInFoldersThatExplainThemselves() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.pretrain(
      tiny.recipe {
        $0.pretraining.tokens = 30 * 64
        $0.pretraining.evaluateEvery = 10
      }, "teacher")
    #expect(tiny.recorder.stages == [.pretraining] && tiny.recorder.steps.count == 30)
    let losses = tiny.recorder.steps.map(\.loss)
    #expect(losses.suffix(5).reduce(0, +) < losses.prefix(5).reduce(0, +))
    #expect(try Decoder.open(teacher.model).configuration.isTransformer)

    let recipe = tiny.recipe {
      $0.teacher = teacher.model
      $0.distillation.evaluateEvery = 2
    }
    let student = try tiny.distil(recipe, "student")
    #expect(tiny.recorder.stages == [.pretraining, .orientation, .alignment, .distillation])
    let opened = try Decoder.open(student.model)
    #expect(opened.configuration.mixers == [.discreteMamba2, .discreteMamba2, .discreteMamba2])
    #expect(
      try Tokenizer(path: student.model + "/tokenizer.json").fingerprint
        == Tokenizer(path: teacher.model + "/tokenizer.json").fingerprint)
    #expect(
      tiny.names("student").isSuperset(of: [
        "recipe.yaml", "metrics.jsonl", "tensorboard", "data", "model", "report.html", "evaluation.json",
        "matrices.json", "samples.json", "decode.json", "transfer.json", "checkpoint-000012",
      ]))
    #expect(!tiny.names("student").contains { $0.hasPrefix(".partial") || $0.hasPrefix(".replaced") })
    #expect(try RecipeLoader.load(student.recipe) == recipe)

    let report = try RunReport(folder: student.path)
    let evaluation = try #require(report.evaluation)
    #expect(evaluation.tokens > 0 && evaluation.teacherPerplexity! > 1 && evaluation.studentPerplexity! > 1)
    #expect(evaluation.layers.count == 3 && evaluation.layers.allSatisfy { $0.matrix != nil && $0.hidden != nil })
    #expect(report.notes.isEmpty && report.stages.count == 3 && !report.transfer.isEmpty)
    #expect(report.decode.map(\.model) == ["teacher", "student"] && !report.samples[0].student.isEmpty)
  }

  @Test func aRunEndsWithTheTasksOfItsRecipe() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe {
      $0.stages = [.distillation]
      $0.teacher = try? tiny.llama()
      $0.evaluation.tasks = ["mqar=4", "copying_tokens=8", "perplexity=\(tiny.path("text.txt"))"]
      $0.evaluation.limit = 3
    }
    let run = try tiny.distil(recipe)
    let report = try RunReport(folder: run.path)
    let tasks = try #require(report.tasks)
    #expect(tasks.student.map(\.task) == ["mqar_4", "copying_tokens_8", "perplexity"])
    #expect(tasks.teacher.map(\.task) == tasks.student.map(\.task) && tasks.student[0].judged == 3)
    #expect(tasks.teacher[2].measures != tasks.student[2].measures)
    #expect(report.notes.isEmpty && report.html.contains("id=\"tasks\"") && report.html.contains("mqar_4"))
    for role in ["student", "teacher"] {
      let names = tiny.names("run/results/\(role)")
      #expect(names.count == 1 && names.allSatisfy { $0.hasPrefix("results_") && $0.hasSuffix(".json") })
    }
  }

  @Test func anUnknownTaskIsRefusedBeforeTraining() throws {
    let tiny = try TinyRun()
    let error = #expect(throws: MohawkError.self) {
      try tiny.distil(
        tiny.recipe {
          $0.teacher = try? tiny.llama()
          $0.evaluation.tasks = ["neddle"]
        })
    }
    #expect(error?.description.contains("did you mean needle?") == true && tiny.recorder.steps.isEmpty)
  }

  /// What makes a student open elsewhere: the format, the files around the weights, and a card.
  @Test(arguments: [
    ("hybrid", CheckpointFormat.graniteHybrid, ["student.attentionLayers=[1]"]),
    ("without attention", .graniteHybrid, []), ("without MLPs", .mamba2, ["student.keepsMLPs=false"]),
    ("discrete", .mohawk, ["student.mixer=discrete-mamba-2"]),
  ])
  func aTeacherWithLlamasBlocksGivesAStudentThatOthersOpen(_ name: String, _ format: CheckpointFormat, _ set: [String])
    throws
  {
    let tiny = try TinyRun()
    let recipe = try RecipeLoader.load(
      try written(tiny, tiny.recipe { $0.teacher = try! tiny.llama() }), set: set)
    let folder = try tiny.distil(recipe, "student")
    let student = try Decoder.open(folder.model)
    #expect(student.configuration.format == format)
    let end = TinyRun.tokenizer.endOfText.map(Int.init)
    #expect(student.configuration.tokens.ends == [end].compactMap { $0 })
    #expect(
      tiny.names("student/model").isSuperset(of: [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "README.md",
      ]))
    #expect(try tiny.bytes("student/model/tokenizer_config.json") == tiny.bytes("llama/tokenizer_config.json"))
    let card = String(decoding: try tiny.bytes("student/model/README.md"), as: UTF8.self)
    for part in [format.rawValue, "Knowledge distillation", "perplexity", "```yaml", "name: custom"] {
      #expect(card.contains(part), "\(part)")
    }
    let start = try #require(try RunReport(folder: folder.path).start)
    #expect(start.rows.contains { $0.name == "vocabulary rows" && $0.teacher == "320" })
    #expect(start.rows.contains { $0.name == "highest id used" && $0.teacher == "\(TinyRun.tokenizer.highestID)" })
  }

  /// The recipe as a file.
  private func written(_ tiny: TinyRun, _ recipe: Recipe) throws -> String {
    try tiny.place.write("recipe.yaml", recipe.yaml)
    return tiny.path("recipe.yaml")
  }

  @Test func theReportNeedsNothingElse() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    try tiny.distil(tiny.recipe { $0.teacher = teacher })
    let page = String(decoding: try tiny.bytes("run/report.html"), as: UTF8.self)
    for reference in page.matches(of: /(?:src|href|url)\s*[=(]\s*["']?([^"'\s>)]*)/) {
      let target = String(reference.1)
      #expect(target.hasPrefix("#") || target.hasPrefix("data:"), "\(target)")
    }
    #expect(!page.contains("@import") && page.contains("Hidden-state alignment"))
  }

  @Test func aFinishedRunIsLeftAsItIs() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    try tiny.distil(recipe)
    let (weights, metrics) = (try tiny.bytes("run/model/model.safetensors"), try tiny.bytes("run/metrics.jsonl"))
    let events = tiny.recorder.events.count
    try tiny.distil(recipe)
    #expect(tiny.recorder.events.count == events && tiny.notices.last?.contains("finished already") == true)
    #expect(try tiny.bytes("run/model/model.safetensors") == weights && tiny.bytes("run/metrics.jsonl") == metrics)
  }

  @Test(arguments: [[3], [2, 3], [1, 2, 3], [2, 1, 3], [1]]) func stagesComeInTheRecipesOrder(_ order: [Int]) throws {
    let tiny = try TinyRun()
    let stages = order.map { StageName(text: "\($0)")! }
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.stages = stages
      })
    #expect(tiny.recorder.stages == stages && tiny.recorder.steps.map(\.step) == Array(1...4 * order.count))
    #expect(folder.isFinished)
  }

  @Test func aStageThatIsLeftOutIsNotChecked() throws {
    let tiny = try TinyRun()
    try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.stages = [.distillation]
        $0.orientation.trains = .all
        $0.orientation.batchTokens = 7
        $0.student.vHeads = 2
      })
    #expect(tiny.recorder.steps.count == 4)
  }

  @Test func aHybridKeepsItsAttentionThroughAlignment() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = teacher
        $0.student.attentionLayers = [1]
        $0.stages = [.orientation, .alignment]
      })
    let (student, original) = (try Decoder.open(folder.model), try Decoder.open(teacher))
    #expect(student.configuration.mixers == [.discreteMamba2, .attention, .discreteMamba2])
    for parameter in student.parameters.all where !parameter.name.contains(".mixer.") {
      #expect(parameter.value.floats() == original.parameters[parameter.name]!.value.floats(), "\(parameter.name)")
    }
    #expect(tiny.recorder.steps.allSatisfy { $0.perLayer?[1] == 0 && $0.perLayer![0] > 0 && $0.perLayer![2] > 0 })
    let layers = try #require(try RunReport(folder: folder.path).evaluation).layers
    #expect(layers.map(\.keepsAttention) == [false, true, false])
  }

  @Test func aStudentMayStartFromItsTeachersAttention() throws {
    let tiny = try TinyRun()
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.student.start = .attention
      })
    let rows = try RunReport(folder: folder.path).transfer
    #expect(rows.contains { $0.student.hasSuffix("in_proj.bc") && $0.teacher?.contains("k_proj") == true })
  }

  @Test(arguments: [false, true]) func aStudentThatStartsFromTheContextSaysSoAndGoesOnExactly(_ stock: Bool) throws {
    let tiny = try TinyRun()
    let teacher = try stock ? tiny.llama() : tiny.teacher()
    func recipe(_ every: Int) -> Recipe {
      tiny.recipe {
        $0.teacher = teacher
        $0.alignment.copiedRate = 0.1
        $0.checkpoints.every = every
      }
    }
    let whole = try tiny.distil(recipe(0), "whole")
    #expect(tiny.notices.filter { $0.hasPrefix("layer ") && $0.contains("half-life") }.count == 3)
    let rows = try RunReport(folder: whole.path).transfer
    #expect(rows.contains { $0.student.hasSuffix("in_proj.bc") && $0.how == "fitted to the attention" })
    #expect(rows.contains { $0.student.hasSuffix("in_proj.z") && $0.how == "fitted to the attention" })

    tiny.stopAfter = 5
    #expect(throws: MohawkError.self) { try tiny.distil(recipe(2), "parts") }
    tiny.stopAfter = nil
    let parts = try tiny.distil(recipe(2), "parts")
    let (a, b) = (try Decoder.open(whole.model), try Decoder.open(parts.model))
    for parameter in a.parameters.all {
      #expect(parameter.value.floats() == b.parameters[parameter.name]!.value.floats(), "\(parameter.name)")
    }
  }

  @Test func builtInStoriesServeAsTextToo() throws {
    let tiny = try TinyRun()
    try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.data.train = []
        $0.data.builtInTokens = 2000
        $0.stages = [.distillation]
      })
    #expect(tiny.recorder.steps.count == 4)
  }
}
