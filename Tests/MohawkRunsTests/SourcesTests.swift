import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkRuns

/// What a run stands on: text, teacher and tokenizer are looked at on every start.
@Suite struct SourcesTests {
  private func stopped(_ tiny: TinyRun, _ recipe: Recipe, after steps: Int) {
    tiny.stopAfter = steps
    _ = try? tiny.distil(recipe)
    tiny.stopAfter = nil
    tiny.notices = []
  }

  private func refusal(_ tiny: TinyRun, _ recipe: Recipe) -> MohawkError? {
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
  }

  /// Starts a run up to the encoded text, without a step.
  private func encoded(_ tiny: TinyRun, _ recipe: Recipe) throws {
    let folder = RunFolder(tiny.path("run"))
    try AtomicFolder.ensure(folder.path)
    try AtomicFile.write(recipe.yaml, to: folder.recipe)
    _ = try RunData.prepare(
      recipe, folder, tokenizerPath: recipe.teacher, vocabulary: 320, device: .cpu, hasLearnt: false, stream: 1)
  }

  @Test(arguments: ["text", "new file", "file gone", "teacher", "configuration", "tokenizer"])
  func whatHasChangedIsRefusedAfterAStep(what: String) throws {
    let tiny = try TinyRun()
    try tiny.place.write("text/a.txt", TinyRun.text)
    try tiny.place.write("text/b.txt", TinyRun.text)
    let recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.data.train = [tiny.path("text")]
    }
    stopped(tiny, recipe, after: 2)
    let before = try tiny.bytes("run/data/train/tokens-00000.bin")
    switch what {
    case "text": try tiny.place.write("text/a.txt", TinyRun.text.replacingOccurrences(of: "the", with: "teh"))
    case "new file": try tiny.place.write("text/c.txt", "And more.")
    case "file gone": try FileManager.default.removeItem(atPath: tiny.path("text/b.txt"))
    case "teacher":
      let model = try Decoder.open(tiny.path("teacher"))
      withoutGradients { model.parameters["layers.1.mlp.fc1.bias"]!.value.selected(0, 3).fill(0.5) }
      try model.write(to: tiny.path("teacher"))
    case "configuration":
      let path = tiny.path("teacher/config.json")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try tiny.place.write("teacher/config.json", text + "\n")
    default:
      var trainer = BytePairTrainer()
      trainer.add("another text that gives other tokens " + TinyRun.text.prefix(2000))
      try trainer.train(vocabularySize: 300).write(to: tiny.path("teacher/tokenizer.json"))
    }
    let error = refusal(tiny, recipe)
    #expect(error?.code == .mismatch, "\(error as Any)")
    let parts = [
      "text": "a.txt: the text has changed", "new file": "c.txt: the text has a new file",
      "file gone": "b.txt: a file of the text is gone", "teacher": "the teacher's weights",
      "configuration": "its configuration have changed", "tokenizer": "the tokenizer has changed",
    ]
    #expect(error?.description.contains(parts[what]!) == true, "\(error as Any)")
    #expect(try tiny.bytes("run/data/train/tokens-00000.bin") == before)
    #expect(tiny.names("run").contains("checkpoint-000002"))
  }

  @Test(arguments: ["data", "data/sources.json"]) func aCheckpointKnowsWhatItHasLearntFrom(removed: String) throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    stopped(tiny, recipe, after: 2)
    try FileManager.default.removeItem(atPath: tiny.path("run/" + removed))
    let text = try tiny.bytes("text.txt")
    try tiny.place.write("text.txt", TinyRun.text.replacingOccurrences(of: "the", with: "teh"))
    let error = refusal(tiny, recipe)
    #expect(error?.code == .mismatch && error?.location?.hasSuffix("checkpoint-000002") == true, "\(error as Any)")
    try FileManager.default.removeItem(atPath: tiny.path("run/data"))
    try tiny.place.write("text.txt", [UInt8](text))
    #expect(try tiny.distil(recipe).isFinished)
  }

  @Test func aRunThatTrainsItsTokenizerTrainsItAnew() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe()
    tiny.stopAfter = 1
    _ = try? tiny.pretrain(recipe)
    tiny.stopAfter = nil
    for name in tiny.names("run") where name.hasPrefix("checkpoint-") {
      try FileManager.default.removeItem(atPath: tiny.path("run/" + name))
    }
    try tiny.place.write("text.txt", "Other words, other merges. " + String(TinyRun.text.prefix(9000)))
    try tiny.pretrain(recipe)
    try tiny.pretrain(recipe, "fresh")
    for file in ["data/tokenizer.json", "model/model.safetensors"] {
      #expect(try tiny.bytes("run/" + file) == tiny.bytes("fresh/" + file), "\(file)")
    }
  }

  @Test func textThatChangedBeforeTheFirstStepIsEncodedAnew() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    try encoded(tiny, recipe)
    let other = TinyRun.text.replacingOccurrences(of: "the", with: "teh")
    try tiny.place.write("text.txt", other)
    try tiny.distil(recipe)
    #expect(tiny.notices.contains { $0.contains("text.txt: the text has changed") && $0.contains("made anew") })
    try tiny.distil(recipe, "fresh")
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("fresh/model/model.safetensors"))
  }

  @Test func whatOnlyLooksChangedIsTheSame() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    stopped(tiny, recipe, after: 2)
    // Written again, with the same content.
    try tiny.place.write("text.txt", TinyRun.text)
    try tiny.distil(recipe)
    // A finished run needs its text no more.
    try FileManager.default.removeItem(atPath: tiny.path("text.txt"))
    try tiny.distil(recipe)
    #expect(tiny.notices.contains { $0.contains("finished already") })
  }

  @Test func textThatIsGoneAltogetherWasEncoded() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    stopped(tiny, recipe, after: 2)
    try FileManager.default.removeItem(atPath: tiny.path("text.txt"))
    #expect(try tiny.distil(recipe).isFinished)
  }

  @Test func encodedTokensThatHaveChangedAreRefused() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    stopped(tiny, recipe, after: 2)
    var raw = [UInt8](try tiny.bytes("run/data/train/tokens-00000.bin"))
    raw[100] ^= 1
    try tiny.place.write("run/data/train/tokens-00000.bin", raw)
    let error = refusal(tiny, recipe)
    #expect(error?.location?.hasSuffix("tokens-00000.bin") == true && error?.message.contains("has changed") == true)
  }

  @Test func framesOfAFinishedRunNeedItsTextAndTeacher() throws {
    let tiny = try TinyRun()
    var recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.stages = [.distillation]
    }
    try tiny.distil(recipe)
    try tiny.place.write("text.txt", TinyRun.text + " More.")
    for frame in [StudentFrame.window, .floor] {
      recipe.frames = [frame]
      let error = refusal(tiny, recipe)
      #expect(error?.message.contains("the text has changed") == true, "\(frame) \(error as Any)")
    }
  }

  @Test func aTokenizerThatIsNotTheTeachersIsRefusedUnlessAllowed() throws {
    let tiny = try TinyRun()
    var trainer = BytePairTrainer()
    trainer.add("another text that gives other tokens " + TinyRun.text.prefix(2000))
    try trainer.train(vocabularySize: 290).write(to: tiny.path("other.json"))
    var recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.stages = [.distillation]
      $0.data.tokenizer = tiny.path("other.json")
    }
    let error = refusal(tiny, recipe)
    #expect(error?.message.contains("not the teacher's") == true && error?.remedy?.contains("--allow-foreign") == true)
    #expect(tiny.names("run") == [".lock"])
    let signals = #expect(throws: MohawkError.self) {
      try SignalRun(recipe, folder: tiny.path("signals"), top: 4).run()
    }
    #expect(signals?.message == error?.message)
    try tiny.place.write("copy.json", [UInt8](tiny.bytes("teacher/tokenizer.json")))
    recipe.data.tokenizer = tiny.path("copy.json")
    try tiny.distil(recipe, "same")
    recipe.data.tokenizer = tiny.path("other.json")
    recipe.data.foreignTokenizer = true
    #expect(try tiny.distil(recipe).isFinished)
  }

  @Test func severalShardFoldersAreOneText() throws {
    let tiny = try TinyRun()
    for name in ["a", "b"] {
      _ = try TokenShards.encode(
        Corpus(paths: [tiny.path("text.txt")]), with: TinyRun.tokenizer, to: tiny.path(name))
    }
    let recipe = tiny.recipe {
      $0.teacher = try! tiny.teacher()
      $0.stages = [.distillation]
      $0.data.train = [tiny.path("a"), tiny.path("b")]
    }
    try tiny.distil(recipe)
    var mixed = recipe
    mixed.data.train.append(tiny.path("text.txt"))
    #expect(
      #expect(throws: MohawkError.self) { try tiny.distil(mixed, "mixed") }?.message.contains("cannot be mixed") == true
    )
  }
}
