import Foundation
import MohawkFiles
import Testing

@testable import MohawkRecipes

@Suite struct RecipeTests {
  @Test(arguments: Recipe.allNamed.map(\.name)) func namedRecipesAreSoundAndRoundTrip(name: String) throws {
    let recipe = try #require(Recipe.named(name))
    try recipe.validate()
    #expect(recipe.name == name)
    #expect(try RecipeLoader.parse(recipe.yaml, source: "recipe.yaml") == recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe)) == recipe)
  }

  @Test func thePapersBudgetsAreNamed() throws {
    let recipe = try #require(Recipe.named("phi-mamba-1.5b"))
    #expect(recipe.orientation.tokens + recipe.alignment.tokens + recipe.distillation.tokens == 3_000_000_000)
    #expect(recipe.orientation.batchTokens == 32_768 && recipe.distillation.batchTokens == 524_288)
    #expect([recipe.orientation, recipe.alignment, recipe.distillation].map(\.learningRate) == [5e-4, 2e-3, 2e-4])
    #expect([recipe.orientation, recipe.alignment, recipe.distillation].map(\.trains) == [.matrix, .mixer, .all])
    #expect(recipe.student.start == .paper && Recipe().student.start == .automatic)
    #expect(Recipe.named("hybrid-phi-mamba-1.5b")?.student.attentionLayers == [4, 10, 16, 22])
  }

  @Test func everyStoredPropertyHasAKey() throws {
    // Counts the leaves of the encoded recipe with every optional filled in.
    var recipe = Recipe()
    (recipe.threads, recipe.teacher, recipe.signals) = (1, "t", "s")
    (recipe.model.kvHeads, recipe.model.headDim, recipe.data.tokenizer) = (1, 1, "t")
    (recipe.student.qkHeads, recipe.student.vHeads, recipe.evaluation.sequenceLength) = (1, 1, 1)
    (recipe.student.headDim, recipe.student.stateDim, recipe.evaluation.limit) = (1, 1, 1)
    (recipe.student.window, recipe.student.attention) = (1, .best(1))
    for stage in StageName.allCases {
      (recipe[stage].microBatchTokens, recipe[stage].loss.top, recipe[stage].windowDropout) = (1, 1, 1)
    }
    func leaves(_ value: Any, _ path: String) -> [String] {
      guard let object = value as? [String: Any] else { return [path] }
      // The keys of a loss stand among those of its stage.
      return object.flatMap { leaves($0.value, path.isEmpty ? $0.key : $0.key == "loss" ? path : "\(path).\($0.key)") }
    }
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(recipe))
    // A stage has the keys that it knows what to do with; each property is a key of some stage.
    let stages = Set(StageName.allCases.map(\.rawValue))
    func shared(_ names: some Sequence<String>) -> Set<String> {
      Set(
        names.map { name in
          stages.contains(String(name.prefix { $0 != "." })) ? "stage" + name.drop { $0 != "." } : name
        })
    }
    #expect(shared(leaves(object, "")) == shared(RecipeKey.all.map(\.name)))
    #expect(Set(RecipeKey.all.map(\.name)).isSubset(of: leaves(object, "")))
    #expect(RecipeKey.all.allSatisfy { !$0.summary.isEmpty })
  }

  @Test(arguments: [
    "plain", "a/b.txt", "", " ", "true", "No", "null", "~", "12", "1e5", "a: b", "a #b", "- x", "\"q\" \\ '", "é 雪 🦅",
    "line\nbreak\ttab", "\u{85}\u{2028}\u{7F}\u{1}", "[x]", "*x", "&x", "x,y", "%", "@", "`", "e\u{301}", "C:\\dir",
  ])
  func anyTextSurvivesYAML(text: String) throws {
    var recipe = Recipe()
    recipe.name = text
    recipe.data.train = [text + "x", text + "y"]
    recipe.teacher = text + "!"
    let back = try RecipeLoader.parse(recipe.yaml, source: "recipe.yaml")
    #expect(Array(back.name.unicodeScalars) == Array(text.unicodeScalars))
    #expect(back == recipe)
  }

  @Test func numbersSurviveYAMLExactly() throws {
    var recipe = Recipe()
    recipe.seed = .max
    recipe.alignment.learningRate = 0.1 + 0.2
    recipe.alignment.finalLearningRate = 1.2345678901234567e-19
    recipe.alignment.tokens = 999_999_999_999_999_999
    #expect(try RecipeLoader.parse(recipe.yaml, source: "r") == recipe)
  }

  @Test func yamlKeepsTheDeclaredOrder() {
    let keys = Recipe().yaml.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
    #expect(
      keys == [
        "name", "seed", "threads", "device", "precision", "teacher", "stages", "signals", "frames", "data", "model",
        "student",
        "pretraining", "calibration", "orientation", "alignment", "distillation", "checkpoints", "evaluation",
      ])
  }

  @Test func theFingerprintSeesWhatDecidesTheNumbersOnly() {
    let recipe = Recipe()
    var other = recipe
    (other.name, other.threads, other.device, other.checkpoints.keep) = ("x", 3, "cuda", 9)
    #expect(other.fingerprint == recipe.fingerprint)
    let change = other.change(from: recipe)
    #expect(change.differences.map { $0.prefix { $0 != " " } } == ["name", "threads", "device", "checkpoints.keep"])
    #expect(!change.decides && change.firstStage == nil)
    other.alignment.beta2 = 0.99
    #expect(other.fingerprint != recipe.fingerprint)
    #expect(recipe.fingerprint.count == 16)
  }

  @Test func stepsAreRoundedUp() {
    var stage = StageRecipe(tokens: 1, batchTokens: 4, learningRate: 1, trains: .all)
    #expect(stage.steps == 1)
    stage.tokens = 8
    #expect(stage.steps == 2)
    stage.tokens = 9
    stage.microBatchTokens = 2
    #expect(stage.steps == 3 && stage.accumulation == 2)
    (stage.tokens, stage.batchTokens) = (0, 0)
    #expect(stage.steps == 0)
  }
}

@Suite struct RecipeValidationTests {
  private func problems(_ change: (inout Recipe) -> Void) -> [String] {
    var recipe = Recipe()
    change(&recipe)
    return recipe.problems.map(\.key)
  }

  @Test func theDefaultsAreSound() { #expect(problems { _ in }.isEmpty) }

  @Test func impossibleShapesAreRefused() {
    #expect(problems { $0.model.modelDim = 130 } == ["model.modelDim"])
    #expect(problems { $0.model.modelDim = -1 } == ["model.modelDim"])
    #expect(problems { $0.model.heads = 0 } == ["model.heads"])
    #expect(problems { $0.model.layers = 0 } == ["model.layers"])
    #expect(problems { $0.model.kvHeads = 3 } == ["model.kvHeads"])
    #expect(problems { $0.model.rotaryFraction = 1.5 }.contains("model.rotaryFraction"))
    #expect(problems { $0.model.rotaryFraction = 0.1 } == ["model.rotaryFraction"])
    #expect(problems { $0.model.maxLength = 100 } == ["model.maxLength"])
    #expect(problems { $0.data.sequenceLength = 1 } == ["data.sequenceLength"])
    #expect(problems { $0.student.qkHeads = 3 } == ["student.vHeads"])
    #expect(
      problems {
        $0.student.vHeads = 6; $0.student.qkHeads = 3
      } == ["student.vHeads"])
    #expect(problems { $0.student.attentionLayers = [1, 1] } == ["student.attentionLayers"])
    #expect(problems { $0.student.attentionLayers = [4] } == ["student.attentionLayers"])
    #expect(problems { $0.student.attentionLayers = [-1] } == ["student.attentionLayers"])
    #expect(problems { ($0.student.attention, $0.student.attentionLayers) = (.best(1), [1]) } == ["student.attention"])
    #expect(
      problems { ($0.student.attention, $0.student.keepsMLPs) = (.every(2), false) }.contains("student.attention"))
    #expect(problems { $0.student.attention = .every(2) } == [])
    #expect(problems { $0.student.attention = .bestOneIn(6) } == [])
    func heads(_ texts: String...) -> [AttentionHead] { texts.map { AttentionHead(text: $0)! } }
    let key = "student.attentionHeads"
    #expect(problems { $0.student.attentionHeads = heads("1.2", "0.3") } == [])
    #expect(problems { $0.student.attentionHeads = heads("1.2", "1.2") } == [key])
    #expect(problems { $0.student.attentionHeads = heads("1.4") } == [key])
    #expect(problems { $0.student.attentionHeads = heads("4.1") } == [key])
    #expect(problems { ($0.student.attentionHeads, $0.student.attentionLayers) = (heads("1.2"), [0]) } == [])
    #expect(problems { ($0.student.attentionHeads, $0.student.attentionLayers) = (heads("1.2"), [1]) } == [key])
    #expect(problems { ($0.student.attentionHeads, $0.student.mixer) = (heads("1.2"), .mamba2) } == [key])
    #expect(problems { ($0.student.attentionHeads, $0.student.keepsMLPs) = (heads("1.2"), false) } == [key])
    #expect(problems { ($0.student.attentionHeads, $0.student.headDim) = (heads("1.2"), 8) } == ["student.headDim"])
    for rule in [AttentionRule.heads(2), .headsPercent(2.5)] {
      #expect(problems { $0.student.attention = rule } == [])
      #expect(problems { ($0.student.attention, $0.student.attentionLayers) = (rule, [1]) } == [])
      #expect(problems { ($0.student.attention, $0.student.mixer) = (rule, .mamba2) } == ["student.attention"])
      #expect(
        problems { ($0.student.attention, $0.student.attentionHeads) = (rule, heads("1.2")) } == ["student.attention"])
    }
    #expect(
      problems { ($0.student.attention, $0.student.attentionHeads) = (.best(1), heads("1.2")) } == [
        "student.attention"
      ])
    #expect(problems { $0.data.repeats = 1.5 } == ["data.repeats"])
    #expect(problems { $0.data.repeats = -0.1 } == ["data.repeats"])
    #expect(problems { $0.student.window = 0 } == ["student.window"])
    #expect(problems { ($0.student.window, $0.student.sinks) = (64, -1) } == ["student.sinks"])
    #expect(problems { ($0.student.window, $0.student.mixer) = (64, .mamba2) } == ["student.window"])
    #expect(problems { ($0.student.window, $0.student.mixer) = (64, .slidingWindowAttention) } == [])
    #expect(
      problems { ($0.student.mixer, $0.distillation.windowDropout) = (.slidingWindowAttention, 0.5) } == [
        "distillation.windowDropout"
      ])
    #expect(problems { ($0.student.window, $0.student.keepsMLPs) = (64, false) } == ["student.keepsMLPs"])
    #expect(problems { ($0.student.window, $0.student.headDim) = (64, 8) } == ["student.headDim"])
    #expect(problems { ($0.student.window, $0.distillation.windowDropout) = (64, 0.5) } == [])
    #expect(problems { $0.distillation.windowDropout = 0.5 } == ["distillation.windowDropout"])
    #expect(problems { ($0.student.window, $0.alignment.windowDropout) = (64, 1.5) } == ["alignment.windowDropout"])
    #expect(problems { ($0.student.window, $0.orientation.windowDropout) = (64, 0.5) } == ["orientation.windowDropout"])
    #expect(problems { $0.student.start = .attention } == [])
    #expect(
      problems {
        $0.student.start = .attention; $0.student.stateDim = 64
      } == ["student.stateDim"])
    #expect(
      problems {
        $0.student.start = .attention; $0.student.stateDim = 32
      } == [])
  }

  @Test func rulesOfHeadsHaveNumbersOrShares() {
    let rules = ["heads:8": AttentionRule.heads(8), "heads:2%": .headsPercent(2), "heads:2.5%": .headsPercent(2.5)]
    for (text, rule) in rules {
      #expect(AttentionRule(text: text) == rule && rule.description == text && rule.isOfHeads)
      #expect(rule.layers(of: 30) == nil && rule.choices(of: 30) == nil)
    }
    #expect(rules["heads:8"]!.headChoices(of: 270) == 8)
    #expect([10, 100, 270, 1000].map { AttentionRule.headsPercent(2).headChoices(of: $0) } == [1, 2, 5, 20])
    #expect(AttentionRule.best(2).headChoices(of: 270) == nil && !AttentionRule.every(2).isOfHeads)
    for text in [
      "heads:0", "heads:-1", "heads:0%", "heads:101%", "heads:%", "heads:nan%", "heads:1/6", "heads:3.1", "head:2",
    ] { #expect(AttentionRule(text: text) == nil, "\(text)") }
    #expect(AttentionHead(text: "3.10") == AttentionHead(layer: 3, head: 10))
    #expect(["3", "3.", ".1", "3.1.2", "-3.1", "3.+1", "a.b"].allSatisfy { AttentionHead(text: $0) == nil })
  }

  @Test func impossibleStagesAreRefused() {
    #expect(
      problems {
        $0.orientation.warmup = 0.6; $0.orientation.decay = 0.6
      } == ["orientation.warmup"])
    #expect(problems { $0.orientation.warmup = -0.1 } == ["orientation.warmup"])
    #expect(problems { $0.alignment.learningRate = 0 } == ["alignment.learningRate"])
    #expect(problems { $0.alignment.finalLearningRate = 1 } == ["alignment.finalLearningRate"])
    #expect(problems { $0.distillation.beta1 = 1 } == ["distillation.beta1"])
    #expect(problems { $0.distillation.tokens = -5 } == ["distillation.tokens"])
    #expect(problems { $0.distillation.microBatchTokens = 1000 } == ["distillation.microBatchTokens"])
    #expect(problems { $0.distillation.microBatchTokens = 2048 } == [])
    #expect(problems { $0.alignment.activationCheckpointing = true } == ["alignment.activationCheckpointing"])
    #expect(problems { $0.distillation.activationCheckpointing = true } == [])
    #expect(
      problems {
        $0.stages = []; $0.teacher = "x"
      } == ["stages"])
    #expect(problems { $0.stages = [.pretraining] }.contains("stages"))
    #expect(problems { $0.stages = [.alignment, .alignment] } == ["stages"])
    #expect(problems { $0.checkpoints.keep = 0 } == ["checkpoints.keep"])
    #expect(problems { $0.device = "tpu" } == ["device"])
    #expect(problems { $0.device = "cuda:x" } == ["device"])
    #expect(problems { $0.device = "cuda:3" } == [])
  }

  @Test func aStageThatDoesNotRunIsNotJudged() {
    #expect(
      problems {
        $0.stages = [.distillation]; $0.alignment.tokens = 0
      } == [])
    #expect(
      problems {
        $0.teacher = "phi"; $0.model.heads = 0; $0.pretraining.tokens = 0
      } == [])
  }

  @Test func theNearestBatchIsNamed() {
    var recipe = Recipe()
    recipe.orientation.batchTokens = 1000
    let error = #expect(throws: MohawkError.self) { try recipe.validate() }
    #expect(
      error?.description
        == "orientation.batchTokens must be a multiple of data.sequenceLength (256), not 1000 (the nearest is 1024)")
  }

  @Test func allProblemsComeInOneError() {
    var recipe = Recipe()
    recipe.model.heads = 3
    recipe.student.chunk = 1
    recipe.alignment.clip = -1
    let error = #expect(throws: MohawkError.self) { try recipe.validate() }
    #expect(error?.message.contains("3 problems") == true)
    #expect(error?.message.split(separator: "\n").count == 4)
  }
}
