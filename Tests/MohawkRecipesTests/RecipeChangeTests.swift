import Foundation
import MohawkRecipes
import Testing

/// Two recipes side by side: what may change while a run goes on.
@Suite struct RecipeChangeTests {
  private func change(_ change: (inout Recipe) -> Void) -> RecipeChange {
    var before = Recipe()
    before.teacher = "teacher"
    var after = before
    change(&after)
    return after.change(from: before)
  }

  @Test func aChangeIsKnownByTheFirstStageThatItDecides() {
    #expect(change { $0.distillation.learningRate = 1 }.firstStage == 2)
    #expect(
      change {
        $0.distillation.learningRate = 1
        $0.alignment.tokens = 8192
      }.firstStage == 1)
    for other in [
      { $0.seed = 7 }, { $0.student.stateDim = 3 }, { $0.stages = [.distillation] }, { $0.data.textKey = "x" },
    ]
      as [(inout Recipe) -> Void]
    {
      let change = change(other)
      #expect(change.decides && change.firstStage == nil)
    }
  }

  @Test func whatDecidesNothingIsStillTold() {
    for other in [
      { $0.name = "x" }, { $0.checkpoints.minutes = 1 }, { $0.pretraining.tokens = 9 }, { $0.frames = [.floor] },
    ]
      as [(inout Recipe) -> Void]
    {
      let change = change(other)
      #expect(!change.decides && change.firstStage == nil && change.differences.count == 1)
    }
    let none = change { _ in }
    #expect(none.differences.isEmpty && !none.decides && none.firstStage == nil)
    #expect(change { $0.alignment.tokens = 9 }.differences == ["alignment.tokens is 9 and was 1000000"])
  }

  @Test func pathsBecomeAbsolute() {
    let here = FileManager.default.currentDirectoryPath
    var recipe = Recipe()
    recipe.teacher = "a/./b//"
    recipe.data.train = ["x/", "./y", "/z/../w", "."]
    recipe.data.tokenizer = ""
    recipe.evaluation.tasks = ["recall", "needle=1024+32768", "hellaswag=v.jsonl"]
    let absolute = recipe.withAbsolutePaths
    #expect(absolute.teacher == here + "/a/b")
    #expect(absolute.data.train == [here + "/x", here + "/y", "/w", here])
    #expect(absolute.data.tokenizer == "" && absolute.signals == nil)
    #expect(absolute.evaluation.tasks == ["recall", "needle=1024+32768", "hellaswag=\(here)/v.jsonl"])
    #expect(absolute.withAbsolutePaths == absolute)
    #expect(!absolute.change(from: recipe).decides)
  }

  @Test func spellingsOfOnePlaceAreEqual() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["text", "other/deep"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "text")
    try FileManager.default.createSymbolicLink(atPath: folder + "/far", withDestinationPath: "other/deep")
    func differs(_ one: String, _ two: String) -> Bool {
      var (first, second) = (Recipe(), Recipe())
      first.data.train = [folder + one]
      second.data.train = [folder + two]
      return first.change(from: second).decides
    }
    for spelling in ["/text/", "//text", "/./text", "/other/../text", "/link", "/link/", "/far/../../text"] {
      #expect(!differs(spelling, "/text"), "\(spelling)")
    }
    // Through a link `..` leads elsewhere than the letters say.
    #expect(differs("/far/../text", "/text"))
    #expect(differs("/other", "/text"))
    #expect(differs("/gone/a", "/gone/b") && !differs("/gone/a/", "/gone/./a"))
  }
}
