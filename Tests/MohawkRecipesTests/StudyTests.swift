import Foundation
import MohawkFiles
import Testing

@testable import MohawkRecipes

@Suite struct StudyTests {
  private func study(_ text: String, set: [String] = [], tokens: Int? = nil) throws -> Study {
    try Study.parse(text, source: "study.yaml", set: set, tokens: tokens)
  }

  private static let axes = """
    base: demo
    set: {teacher: models/teacher, threads: 1}
    arms:
      pure: {}
      hybrid: {student.attentionLayers: [1]}
    axes:
      student.start: [paper, context]
      stages: [[3], [2, 3]]
    seeds: [4, 2]
    """

  @Test func armsAreTheProductsOfTheAxes() throws {
    let study = try study(Self.axes)
    #expect(
      study.arms.map(\.name) == [
        "pure_start-paper_stages-3", "pure_start-paper_stages-2-3", "pure_start-context_stages-3",
        "pure_start-context_stages-2-3", "hybrid_start-paper_stages-3", "hybrid_start-paper_stages-2-3",
        "hybrid_start-context_stages-3", "hybrid_start-context_stages-2-3",
      ])
    #expect(
      study.baseline == "pure_start-paper_stages-3" && study.name == "study" && study.report == Study.defaultReport)
    var expected = try RecipeLoader.load("demo", set: ["teacher=models/teacher", "threads=1", "name=custom"])
    #expect(study.arms[2].recipe != expected)
    expected.student.start = .context
    expected.student.attentionLayers = [1]
    expected.stages = [.alignment, .distillation]
    #expect(study.arms[7].recipe == expected)
  }

  @Test func everySeedRunsEveryArm() throws {
    let study = try study(Self.axes)
    #expect(study.runs.count == 16 && study.runs[..<8].allSatisfy { $0.seed == 4 && $0.recipe.seed == 4 })
    #expect(study.runs[9].name == "pure_start-paper_stages-2-3_seed2" && study.runs[9].arm == study.arms[1].name)
    #expect(study.runs[9].recipe.name == "study: pure_start-paper_stages-2-3, seed 2")
    #expect(Set(study.runs.map(\.name)).count == 16 && Set(study.runs.map(\.recipe.fingerprint)).count == 16)
  }

  @Test func aStudyThatIsWrittenReadsAsTheSame() throws {
    for text in [
      Self.axes, "base: demo\nset: {teacher: t}\nseeds: [7]\nname: \"two words\"",
      "set: {teacher: t}\narms: {a: {tokens: 64k}, b: {alignment: {learningRate: 0.00123}}}\nbaseline: b\nreport: [KL, needle_512/acc]",
    ] {
      let study = try study(text)
      #expect(try Study.parse(study.yaml, source: "other.yaml") == study, "\(study.yaml)")
    }
  }

  @Test func aBudgetIsSharedByTheStagesOfEachArm() throws {
    let text =
      "base: demo\nset: {teacher: t}\narms:\n  two: {stages: [2, 3], tokens: 300k}\n  one: {stages: [3], tokens: 300k}"
    let study = try study(text)
    var expected = try RecipeLoader.load("demo", set: ["teacher=t", "stages=[2,3]", "name=custom"])
    expected.divide(tokens: 300_000)
    #expect(study.arms[0].recipe == expected)
    #expect(abs(study.arms[1].recipe.tokens - 300_000) < 4096 && study.differences.contains { $0.key == "stages" })
    let shared = try self.study("base: demo\nset: {teacher: t, tokens: 300k, stages: [2, 3]}")
    #expect(shared.arms[0].recipe == expected && shared.arms[0].name == "recipe")
    let given = try self.study("base: demo\nset: {teacher: t, stages: [2, 3]}", tokens: 300_000)
    #expect(given.arms[0].recipe == expected)
  }

  @Test func theCommandLineLiesOverWhatIsSharedAndUnderNoArm() throws {
    let study = try study(Self.axes, set: ["teacher=other", "distillation.tokens=64k"])
    #expect(study.arms.allSatisfy { $0.recipe.teacher == "other" && $0.recipe.distillation.tokens == 64_000 })
    for assignment in ["student.start=paper", "student.attentionLayers=[]", "seed=3", "name=x"] {
      #expect(throws: MohawkError.self, "\(assignment)") { try self.study(Self.axes, set: [assignment]) }
    }
    let tokens = "base: demo\nset: {teacher: t}\naxes: {tokens: [100k, 200k]}"
    #expect(try self.study(tokens).arms.map(\.name) == ["tokens-100k", "tokens-200k"])
    #expect(throws: MohawkError.self) { try self.study(tokens, tokens: 5000) }
  }

  @Test func aBaseMayBeAFileBesideTheStudy() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("study-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Alone it would be refused: its sequences are longer than what its own model looks at.
    try Data("base: demo\nmodel.maxLength: 16\n".utf8).write(to: folder.appendingPathComponent("base.yaml"))
    let path = folder.appendingPathComponent("compare.yaml")
    try Data("base: base.yaml\nset: {teacher: t}\naxes: {student.chunk: [16, 32]}\n".utf8).write(to: path)
    let study = try Study.load(path.path)
    #expect(study.name == "compare" && study.arms.map(\.recipe.student.chunk) == [16, 32])
    #expect(study.arms[0].recipe.model.maxLength == 16)
  }

  private static let wrong: [(String, String)] = [
    ("", "key: value"), ("[1]", "key: value"), ("armz: {a: {}}", "did you mean arms?"),
    ("student.start: paper", "keys of recipes stand under set"), ("base: demmo", "did you mean demo?"),
    ("seeds: 3", "seeds must be a list"), ("seeds: [1, 1]", "seeds must be a list"),
    ("seeds: []", "seeds must be a list"),
    ("seeds: [-1]", "seeds must be a list"), ("report: []", "report must name"),
    ("report: [KL, KL]", "report must name"),
    ("baseline: x", "the arms are recipe"), ("arms: [1]", "arms must hold names"), ("arms: {}", "arms must hold names"),
    ("arms: {\"a b\": {}}", "such as a-b"), ("arms: {a/b: {}}", "such as a-b"),
    ("arms: {..: {}}", "cannot be an arm's name"),
    ("arms: {a: {}, b: {}}", "the arms a and b are the same"), ("arms: {a: 3}", "a must hold `key: value` lines"),
    ("arms: {a: {}, A: {student.chunk: 16}}", "two arms are called a"),
    ("axes: [1]", "axes must hold"), ("axes: {student.chunk: 16}", "must hold a list"),
    ("axes: {student.chunk: []}", "must hold a list"), ("axes: {student.chnk: [16]}", "did you mean student.chunk?"),
    ("axes: {student.chunk: [16, x]}", "arm chunk-x"),
    ("axes: {student.chunk: [16, 16]}", "two arms are called chunk-16"),
    ("axes: {student.chunk: [0]}", "arm chunk-0"), ("axes: {tokens: [many]}", "tokens must be"),
    ("axes: {tokens: [0]}", "tokens must be above 0"),
    ("axes: {seed: [1, 2]}", "every arm is run with all of seeds"),
    ("arms: {a: {base: demo}}", "base is not set for an arm"),
    ("set: {student.chnk: 3}", "did you mean student.chunk?"), ("set: 3", "set must hold"),
    ("arms: {a: {student.chunk: 16}, b: {}}\naxes: {student.chunk: [16, 32]}", "two axes set student.chunk"),
    ("arms: {a: {stage2.tokens: 64k}}\naxes: {alignment.tokens: [1M]}", "two axes set alignment.tokens"),
    ("base: demo\naxes: {teacher: [null, models/b]}", "arm teacher-null: there is no teacher"),
  ]

  @Test(arguments: wrong) func whatCannotBeAStudyIsRefusedByName(_ text: String, _ part: String) throws {
    let whole =
      text.contains("base: demo") || text.contains("set:") || text.isEmpty || text.hasPrefix("[")
      ? text : text + "\nset: {teacher: t}"
    let error = #expect(throws: MohawkError.self) { try study(whole) }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("study.yaml") == true, "\(error?.description ?? "")")
  }

  @Test func theStudiesOfThisRepositoryAreStudies() throws {
    let runs = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Runs").standardized.path
    let files = try FileManager.default.contentsOfDirectory(atPath: runs).filter { $0.hasSuffix("-study.yaml") }
    #expect(files.count >= 2)
    for file in files {
      let study = try Study.load(runs + "/" + file, set: ["teacher=t"])
      #expect(study.arms.count > 2 && "\(study.name)-study.yaml" == file)
    }
  }

  @Test func aStudyHasABound() throws {
    let many = (1...101).map(String.init).joined(separator: ", ")
    let text = "set: {teacher: t}\naxes: {student.chunk: [\(many)], student.convWidth: [\(many)]}"
    let error = #expect(throws: MohawkError.self) { try study(text) }
    #expect(error?.message.contains("more than 10000 runs") == true)
  }
}
