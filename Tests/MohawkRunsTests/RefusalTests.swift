import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkRuns

/// What a run refuses before it trains: one sentence, and nothing begun.
@Suite struct RefusalTests {
  /// Distils and expects an error with all these parts, and a folder in which nothing was trained.
  private func refused(
    _ tiny: TinyRun, _ code: MohawkError.Code, _ parts: String..., change: (inout Recipe) throws -> Void
  ) throws {
    var recipe = tiny.recipe { $0.teacher = tiny.path("teacher") }
    if tiny.names("teacher").isEmpty { _ = try tiny.teacher() }
    try change(&recipe)
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.code == code, "\(error as Any)")
    for part in parts { #expect(error?.description.contains(part) == true, "\(part): \(error as Any)") }
    #expect(error?.description.contains("\n") == false && tiny.recorder.events.isEmpty)
    #expect(!tiny.names("run").contains { $0 == "model" || $0 == "metrics.jsonl" || $0.hasPrefix("checkpoint") })
  }

  @Test func aMissingTeacherIsNamed() throws {
    let tiny = try TinyRun()
    try refused(tiny, .missingFile, "nowhere/config.json") { $0.teacher = tiny.path("nowhere") }
    try refused(tiny, .invalidValue, "there is no teacher", "mohawk pretrain") { $0.teacher = nil }
    let error = #expect(throws: MohawkError.self) {
      try tiny.pretrain(tiny.recipe { $0.teacher = tiny.path("teacher") })
    }
    #expect(error?.message.contains("so there is none to pretrain") == true)
  }

  @Test func aTeacherWithoutTokenizerIsRefusedBeforeAnythingIsWritten() throws {
    let tiny = try TinyRun()
    try FileManager.default.removeItem(atPath: try tiny.teacher() + "/tokenizer.json")
    try refused(tiny, .missingFile, "teacher", "no tokenizer.json") { _ in }
    #expect(tiny.names("run") == [".lock"])
    // A tokenizer may lie in another folder.
    try TinyRun.tokenizer.write(to: tiny.path("tokenizer.json"))
    try tiny.distil(
      tiny.recipe {
        $0.teacher = tiny.path("teacher")
        $0.data.tokenizer = tiny.place.path
        $0.stages = [.distillation]
      })
  }

  @Test func brokenWeightsAreRefusedAtLoad() throws {
    let tiny = try TinyRun()
    let folder = try tiny.teacher()
    let model = try Decoder.open(folder)
    withoutGradients { model.parameters["layers.1.mlp.fc1.bias"]!.value.selected(0, 3).fill(.nan) }
    try model.write(to: folder)
    try refused(tiny, .notFinite, "layers.1.mlp.fc1.bias", "NaN") { _ in }
  }

  @Test func aTeacherThatIsNoTransformerIsRefused() throws {
    let tiny = try TinyRun()
    let student = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.stages = [.alignment]
      }, "first")
    tiny.recorder.events = []
    try refused(tiny, .invalidValue, "not a Transformer") { $0.teacher = student.model }
  }

  @Test func stagesThatCannotBeAreRefusedBeforeTheFirstOne() throws {
    let tiny = try TinyRun()
    try refused(tiny, .mismatch, "4 matrices and the student 2") { $0.student.vHeads = 2 }
    try refused(tiny, .invalidValue, "distillation.trains", "mixer or all") { $0.distillation.trains = .matrix }
    try refused(tiny, .invalidValue, "orientation.trains") { $0.orientation.trains = .all }
    try refused(tiny, .outOfRange, "layers 0 to 2") { $0.student.attentionLayers = [7] }
    try refused(tiny, .outOfRange, "1 taps") { $0.student.convWidth = 1 }
    try refused(tiny, .invalidValue, "width 32") { $0.student.vHeads = 5 }
    #expect(tiny.names("run") == [".lock"])
  }

  @Test func sequencesLongerThanTheTeacherCanSeeAreRefused() throws {
    let tiny = try TinyRun()
    try refused(tiny, .invalidValue, "data.sequenceLength", "64") {
      $0.data.sequenceLength = 128
      for stage in StageName.allCases { $0[stage].batchTokens = 128 }
    }
    try refused(tiny, .invalidValue, "evaluation.sequenceLength", "64") { $0.evaluation.sequenceLength = 65 }
    let error = #expect(throws: MohawkError.self) {
      try tiny.pretrain(tiny.recipe { $0.evaluation.sequenceLength = 65 })
    }
    #expect(error?.location == "evaluation.sequenceLength")
  }

  @Test func aTokenizerWithIDsBeyondTheModelIsRefused() throws {
    let tiny = try TinyRun()
    _ = try tiny.teacher(vocabulary: 299)
    try refused(tiny, .mismatch, "ids up to 299, the model 299 rows", "teacher") { _ in }
  }

  @Test func tokensOfAnotherTokenizerAreRefused() throws {
    let tiny = try TinyRun()
    var trainer = BytePairTrainer()
    trainer.add("other words, other merges, other words")
    let other = try trainer.train(vocabularySize: 264)
    _ = try TokenShards.encode(Corpus(paths: [tiny.path("text.txt")]), with: other, to: tiny.path("tokens"))
    try refused(tiny, .mismatch, other.fingerprint, TinyRun.tokenizer.fingerprint) {
      $0.data.train = [tiny.path("tokens")]
    }
  }

  @Test func preparedTokensServeButIDsBeyondTheVocabularyAreRefused() throws {
    let tiny = try TinyRun()
    let shards = tiny.path("tokens")
    _ = try TokenShards.encode(Corpus(paths: [tiny.path("text.txt")]), with: TinyRun.tokenizer, to: shards)
    _ = try tiny.teacher()
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = tiny.path("teacher")
        $0.data.train = [shards]
        $0.stages = [.alignment]
      }, "good")
    #expect(tiny.names("good/data") == ["sources.json"] && folder.isFinished)
    tiny.recorder.events = []

    let file = shards + "/tokens-00000.bin"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    bytes[bytes.count - 3] = 0x7F  // the high byte of an id
    try bytes.write(to: URL(fileURLWithPath: file))
    try refused(tiny, .invalidFormat, "tokens-00000.bin", "has changed") { $0.data.train = [shards] }
    // Shards of other tools have no list with hashes.
    try FileManager.default.removeItem(atPath: shards + "/shards.json")
    try refused(tiny, .outOfRange, "tokens-00000.bin", "vocabulary of 320") { $0.data.train = [shards] }
    try TinyRun.tokenizer.write(to: tiny.path("tokenizer.json"))
    let error = #expect(throws: MohawkError.self) {
      try tiny.pretrain(
        tiny.recipe {
          $0.data.train = [shards]
          $0.data.tokenizer = tiny.path("tokenizer.json")
        }, "pretrain")
    }
    #expect(error?.code == .outOfRange && error?.message.contains("vocabulary of 300") == true)
    let without = #expect(throws: MohawkError.self) {
      try tiny.pretrain(tiny.recipe { $0.data.train = [shards] }, "without")
    }
    #expect(without?.location == "data.tokenizer" && without?.remedy?.contains("--tokenizer") == true)
  }

  @Test func tooLittleTextIsRefused() throws {
    let tiny = try TinyRun()
    let short = try tiny.place.write("short.txt", "Tom ran. Tom ran home and sat down.")
    let empty = try tiny.place.write("empty.txt", "")
    try refused(tiny, .invalidValue, "held out", "--validation", "short.txt") { $0.data.train = [short] }
    try refused(tiny, .invalidValue, "empty.txt", "no text") { $0.data.validation = [empty] }
    try refused(tiny, .invalidValue, "empty.txt", "no text") { $0.data.train = [empty] }
    try refused(tiny, .missingFile, "gone.txt") { $0.data.train = [tiny.path("gone.txt")] }
    try refused(tiny, .unsupported, "picture.png") { $0.data.train = [try tiny.place.write("picture.png", "x")] }
    let error = #expect(throws: MohawkError.self) { try tiny.pretrain(tiny.recipe { $0.data.train = [empty] }, "p") }
    #expect(error?.code == .invalidValue)
  }

  @Test func aPlaceThatCannotBeWrittenIsRefused() throws {
    let tiny = try TinyRun()
    let recipe = tiny.recipe { $0.teacher = try! tiny.teacher() }
    try tiny.place.write("file", "x")
    for (folder, code) in [
      (tiny.path("file"), MohawkError.Code.notWritable), (tiny.path("file/run"), .notWritable), ("", .missingFile),
      ("/proc/no/run", .missingFile),
    ] {
      let error = #expect(throws: MohawkError.self) { try DistillationRun(recipe, folder: folder).run() }
      #expect(error?.code == code, "\(folder): \(error as Any)")
    }
    #expect(try tiny.bytes("file") == Data("x".utf8))
  }

  @Test func aModelThatPhiCannotBeIsRefused() throws {
    let tiny = try TinyRun()
    for (change, place) in [
      ({ $0.model.headDim = 16 }, "model.headDim"),
      ({ $0.pretraining.trains = .mixer }, "pretraining.trains"),
    ] as [((inout Recipe) -> Void, String)] {
      let error = #expect(throws: MohawkError.self) { try tiny.pretrain(tiny.recipe(change)) }
      #expect(error?.location == place)
    }
  }
}

@Suite struct HeldOutTextTests {
  @Test func windowsFollowOneAnotherAndTheirBytesAreCounted() throws {
    let tiny = try TinyRun()
    let text = try HeldOutText([tiny.path("text.txt")], TinyRun.tokenizer, length: 10, tokens: 95, vocabulary: 300)
    let ids = TinyRun.tokenizer.encode(TinyRun.text).map(Int.init)
    #expect(text.windows.map(\.shape) == [[9, 11]])
    let rows = text.windows[0].integers()
    for row in 0..<9 { #expect(Array(rows[row * 11..<row * 11 + 11]) == Array(ids[row * 10..<row * 10 + 11])) }
    #expect(text.bytes == (try TinyRun.tokenizer.decodeBytes(ids[1...90].map(Int32.init)).count))
  }

  @Test func tokensThatEndTextsAreNoBytesOfThem() throws {
    let tiny = try TinyRun()
    let texts = ["Tom ran.", "Anna saw a red hat."]
    let paths = try texts.enumerated().map { try tiny.place.write("\($0.offset).txt", $0.element) }
    let text = try HeldOutText(paths, TinyRun.tokenizer, length: 1, tokens: 1000, vocabulary: 300)
    let first = try TinyRun.tokenizer.decodeBytes(TinyRun.tokenizer.encode(texts[0]).prefix(1)).count
    #expect(TinyRun.tokenizer.endOfText != nil && TinyRun.tokenizer.textPrefix.isEmpty)
    #expect(text.bytes == texts.reduce(0) { $0 + $1.utf8.count } - first)
  }

  @Test func textThatIsTooShortAndTokenizersThatDoNotFitAreRefused() throws {
    let tiny = try TinyRun()
    let short = try tiny.place.write("short.txt", "Tom ran.")
    let error = #expect(throws: MohawkError.self) {
      try HeldOutText([short], TinyRun.tokenizer, length: 100, tokens: 1000, vocabulary: 300)
    }
    #expect(error?.location == short && error?.message.contains("one sequence needs 101") == true)
    let few = #expect(throws: MohawkError.self) {
      try HeldOutText([short], TinyRun.tokenizer, length: 2, tokens: 1, vocabulary: 300)
    }
    #expect(few?.message == "1 tokens are asked for, one sequence has 2")
    let mismatch = #expect(throws: MohawkError.self) {
      try HeldOutText([short], TinyRun.tokenizer, length: 2, tokens: 10, vocabulary: 299)
    }
    #expect(mismatch?.code == .mismatch)
  }

  @Test func theBuiltInStoriesAreThere() throws {
    let text = try HeldOutText([], TinyRun.tokenizer, length: 32, tokens: 640, vocabulary: 300)
    #expect(text.windows.reduce(0) { $0 + $1.size(0) } == 20 && text.bytes > 640)
  }
}
