import Foundation
import MohawkFiles
import Testing

@testable import MohawkRecipes

@Suite struct RecipeLoaderTests {
  private func parse(_ yaml: String, set: [String] = []) throws -> Recipe {
    try RecipeLoader.parse(yaml, source: "run.yaml", set: set)
  }

  private func refusal(_ yaml: String, set: [String] = []) -> String {
    do {
      _ = try parse(yaml, set: set)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func aFileLiesOverItsBaseAndAssignmentsOverBoth() throws {
    let recipe = try parse(
      "base: demo\nseed: 7\nstudent:\n  chunk: 16\n", set: ["student.chunk=8", "stage2.learningRate=1e-3"])
    var expected = Recipe.named("demo")!
    expected.seed = 7
    expected.student.chunk = 8
    expected.alignment.learningRate = 1e-3
    #expect(recipe == expected)
  }

  @Test func theBaseCountsWhereverItStands() throws {
    #expect(try parse("seed: 7\nbase: small").model.layers == 8)
  }

  @Test func anEmptyFileIsTheDefaultRecipe() throws {
    for text in ["", "---\n", "# nothing\n", "{}"] { #expect(try parse(text) == Recipe()) }
  }

  @Test func jsonIsRead() throws {
    let recipe = try parse(#"{"base": "demo", "student": {"chunk": 16, "attentionLayers": [1, 3]}, "teacher": null}"#)
    #expect(recipe.student.chunk == 16)
    #expect(recipe.student.attentionLayers == [1, 3])
  }

  @Test func namedLayersTakeThePlaceOfARuleThatLiesBelowAndARuleThatOfLayers() throws {
    let named = try RecipeLoader.load("hybrid", set: ["student.attentionLayers=[1, 3]"])
    #expect(named.student.attentionLayers == [1, 3] && named.student.attention == nil)
    let ruled = try RecipeLoader.load("hybrid-phi-mamba-1.5b", set: ["student.attention=best:4"])
    #expect(ruled.student.attentionLayers.isEmpty && ruled.student.attention == .best(4))
    let file = try parse("{base: hybrid, student: {attentionLayers: [3]}}")
    #expect(file.student.attentionLayers == [3] && file.student.attention == nil)
    let untouched = try RecipeLoader.load("hybrid", set: ["student.window=32"])
    #expect(untouched.student.attention == .bestOneIn(6))
    #expect(throws: MohawkError.self) {
      try RecipeLoader.load("hybrid", set: ["student.attention=best:4", "student.attentionLayers=[3]"])
    }
  }

  @Test func whatKeepsAttentionTakesThePlaceOfAllThatLiesBelow() throws {
    let heads = try RecipeLoader.load("hybrid", set: ["student.attentionHeads=[3.1, 3.10, 10.0]", "teacher=t"])
    #expect(heads.student.attentionHeads.map(\.description) == ["3.1", "3.10", "10.0"])
    #expect(heads.student.attention == nil && heads.student.window == 64)
    #expect(try RecipeLoader.parse(heads.yaml, source: "recipe.yaml") == heads)
    let both = try RecipeLoader.load(
      "hybrid-phi-mamba-1.5b",
      set: ["student.attention=\"heads:2%\"", "student.attentionLayers=[3]", "student.mixer=auto"])
    #expect(both.student.attention == .headsPercent(2) && both.student.attentionLayers == [3])
    let file = try parse("{base: hybrid, student: {attention: heads:8}}")
    #expect(file.student.attention == .heads(8) && file.student.attentionHeads.isEmpty)
    let layers = try RecipeLoader.load("hybrid", set: ["student.attentionLayers=[1]"])
    #expect(layers.student.attentionHeads.isEmpty)
    for text in ["3", "[3.1, x]", "-1.2"] {
      let error = #expect(throws: MohawkError.self) {
        try RecipeLoader.load("hybrid", set: ["student.attentionHeads=\(text)"])
      }
      #expect(error?.description.contains("a head as layer.head") == true, "\(error as Any)")
    }
  }

  @Test(arguments: [
    ("3_000_000", 3_000_000), ("10M", 10_000_000), ("2.76B", 2_760_000_000), ("512k", 512_000), ("2^15", 32_768),
    ("1e6", 1_000_000), ("0.5M", 500_000),
  ])
  func tokenCountsMayBeShort(text: String, count: Int) throws {
    #expect(try parse("orientation:\n  tokens: \(text)").orientation.tokens == count)
    #expect(try parse("", set: ["stage1.tokens=\(text)"]).orientation.tokens == count)
  }

  @Test(arguments: [
    "1.5", "10MM", "", "abc", "1e400", "9e99", "0x10", "2^99", "2^62", "9223372036854775807", "2^-1", "0.0000001M",
    "true", "[1, 2]",
  ])
  func whatIsNoCountIsRefused(text: String) {
    #expect(
      refusal("orientation:\n  tokens: \(text)").hasPrefix("run.yaml:2: orientation.tokens must be a whole number"))
  }

  @Test(arguments: ["nan", ".inf", "0x1p3", "1e999", "fast", "null"])
  func whatIsNoFiniteNumberIsRefused(text: String) {
    #expect(refusal("", set: ["stage1.learningRate=\(text)"]).contains("must be a number"))
  }

  @Test func anUnknownKeyNamesLineKeyAndNearestKey() {
    #expect(
      refusal("seed: 1\nstudent:\n  chonk: 16\n")
        == "run.yaml:3: student.chonk is not a key of recipes (did you mean student.chunk?)")
    #expect(refusal("learningRate: 1").contains("did you mean pretraining.learningRate?"))
    #expect(refusal("studnet: {chunk: 8}").contains("did you mean student?"))
    #expect(refusal("xyzzy: 1").contains("the keys here are name, seed"))
    #expect(refusal("", set: ["stage2.learningrte=1"]).contains("did you mean alignment.learningRate?"))
  }

  @Test func severalProblemsComeTogether() {
    let text = refusal("sed: 1\nstudent:\n  chunk: many\n  stateDimm: 3\n", set: ["precision=fp8"])
    #expect(text.contains("4 problems"))
    #expect(text.contains("run.yaml:1: sed"))
    #expect(text.contains("run.yaml:3: student.chunk must be a whole number"))
    #expect(text.contains("run.yaml:4: student.stateDimm"))
    #expect(text.contains("--set precision=fp8: precision must be fp32 or bf16, not “fp8”"))
  }

  @Test func anImpossibleValueNamesTheLineThatSetIt() {
    #expect(
      refusal("base: demo\nstudent:\n  chunk: 30")
        == "run.yaml:3: student.chunk must be a positive multiple of 8, not 30 (the nearest is 32)")
    #expect(refusal("", set: ["student.chunk=0"]).hasPrefix("--set student.chunk=0: student.chunk must be"))
  }

  @Test func aKeyGivenTwiceIsRefused() {
    #expect(refusal("seed: 1\nseed: 2").contains("run.yaml:1: seed is given twice"))
    #expect(
      refusal("stage1: {clip: 1}\norientation:\n  clip: 2").contains(
        "run.yaml:3: orientation.clip is given twice (first in run.yaml:1)"))
    #expect(refusal("student.chunk: 8\nstudent: {chunk: 16}").contains("given twice"))
  }

  @Test func assignmentsNeedAKeyAndOneValue() {
    #expect(refusal("", set: ["seed"]).contains("key=value"))
    #expect(refusal("", set: ["=3"]).contains("key=value"))
    #expect(refusal("", set: ["seed=1\nname: x"]).contains("one value"))
    #expect(refusal("", set: ["seed=[1"]).contains("not YAML"))
    #expect(refusal("", set: ["student=3"]).contains("holds keys of its own"))
  }

  @Test func aLaterAssignmentWins() throws {
    #expect(try parse("", set: ["seed=1", "seed=2"]).seed == 2)
    #expect(try parse("", set: ["stages=[3, 1]"]).stages == [.distillation, .orientation])
    #expect(try parse("", set: ["stages=2"]).stages == [.alignment])
  }

  @Test func unknownBasesAndRecipesNameTheNearest() {
    #expect(refusal("base: dmeo").contains("run.yaml:1: base names no recipe: “dmeo” (did you mean demo?)"))
    #expect(
      throws: MohawkError(
        .missingFile, "there is no recipe and no file of this name", at: "smal", remedy: "did you mean small?")
    ) {
      try RecipeLoader.load("smal")
    }
    #expect((try? RecipeLoader.load("demo", set: ["seed=9"]))?.seed == 9)
  }

  @Test func aFileIsReadAndAMissingOneNamed() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("recipe-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try AtomicFile.write("base: demo\nseed: 5\n", to: path)
    #expect(try RecipeLoader.load(path).seed == 5)
    try AtomicFile.write(Data([0xFF, 0xFE, 0x00]), to: path)
    #expect(#expect(throws: MohawkError.self) { try RecipeLoader.load(path) }?.code == .invalidFormat)
    #expect(#expect(throws: MohawkError.self) { try RecipeLoader.load("none/x.yaml") }?.code == .missingFile)
  }
}

@Suite struct HostileRecipeTests {
  private func refusal(_ yaml: String) -> MohawkError? {
    do {
      _ = try RecipeLoader.parse(yaml, source: "x")
      return nil
    } catch {
      return error as? MohawkError
    }
  }

  @Test(.timeLimit(.minutes(5))) func aliasBombsAreRefusedAtOnce() {
    var bomb = "a0: &a0 [x, x]\n"
    for level in 1...30 { bomb += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1),", count: 9) + "]\n" }
    #expect(refusal(bomb)?.message.contains("aliases") == true)
    // Few enough to be parsed: the expansion stays small.
    var small = "a0: &a0 [x, x]\n"
    for level in 1...8 { small += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(refusal(small + "? *a8\n: 1")?.code != nil)
  }

  @Test(.timeLimit(.minutes(5)), arguments: ["[", "{", "{a: ", "- ", "? ", "a:\n "]) func deepNestingIsRefused(
    opening: String
  ) {
    for depth in [100, 999, 20_000] {
      let text = String(repeating: opening, count: depth)
      #expect(refusal(text) != nil)
      #expect(refusal("student: " + text) != nil)
    }
    let nested = "student: " + String(repeating: "{student: ", count: 300) + "1" + String(repeating: "}", count: 300)
    #expect(refusal(nested)?.message.contains("not a key") == true)
  }

  @Test func hugeTextsAreRefused() {
    #expect(refusal("name: " + String(repeating: "x", count: 300_000))?.message.contains("too large") == true)
  }

  @Test(arguments: [
    "seed: 1\n---\nseed: 2", "- a", "just words", "a: b: c", "\u{0}", "? [1, 2]\n: 3", "student: [chunk]", "student: 3",
    "\tseed: 1", "seed: *nowhere", "name: \"\\ud800\"", "name: !!binary [", "%YAML 9.9\n---\nseed: x",
    "data: {train: [[a]]}",
  ])
  func nonsenseIsOneMohawkError(text: String) {
    #expect(refusal(text) != nil)
  }

  @Test func hugeKeysAndValuesStayShortInErrors() {
    let error = refusal(String(repeating: "k", count: 5000) + ": 1\nseed: " + String(repeating: "v", count: 5000))
    #expect((error?.description.utf8.count ?? .max) < 2000)
  }
}
