import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkServing
import MohawkText
import Testing

@testable import MohawkRuns

/// Text that a model writes into a folder. Interrupted or not, it must be the same to the last byte.
@Suite struct SynthesisRunTests {
  let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    _ = try tiny.teacher()
  }

  /// - Parameter steps: stops after so many.
  private func write(
    _ folder: String, tokens: Int = 500, length: Int = 24, batch: Int = 5, from: SynthesisRun.Beginning = .nothing,
    model: String = "teacher", weights: WeightPrecision? = nil, steps: Int? = nil,
    _ change: (inout SamplingOptions) -> Void = { _ in }
  ) throws -> SynthesisManifest {
    var sampling = SamplingOptions()
    (sampling.temperature, sampling.topP, sampling.seed) = (1, 0.95, 3)
    change(&sampling)
    var settings = RunSettings()
    nonisolated(unsafe) var done = 0
    settings.shouldStop = { steps.map { done >= $0 } ?? false }
    let run = SynthesisRun(
      model: tiny.path(model), folder: tiny.path(folder), tokens: tokens, length: length, batch: batch,
      sampling: sampling, weights: weights, beginning: from, settings)
    run.shardTokens = 150
    run.progress = { _ in done += 1 }
    return try run.run()
  }

  private func stopped(_ folder: String, after steps: Int, batch: Int = 5) throws {
    let error = #expect(throws: MohawkError.self) { try write(folder, batch: batch, steps: steps) }
    #expect(error?.code == .interrupted && error?.description.contains("same command again") == true)
  }

  private func files(_ folder: String) throws -> [String: Data] {
    try tiny.names(folder).subtracting([".lock"]).reduce(into: [:]) { $0[$1] = try tiny.bytes("\(folder)/\($1)") }
  }

  private func documents(_ folder: String) throws -> [SynthesizedDocument] {
    try tiny.names(folder).filter { $0.hasPrefix("part-") }.sorted().flatMap {
      try SynthesisFolder.documents(tiny.path("\(folder)/\($0)"), lenient: false)
    }
  }

  @Test func documentsStandInTheirOrderInShardsThatATrainingReads() throws {
    let manifest = try write("text")
    let documents = try documents("text")
    #expect(documents.map(\.index) == documents.map(\.index).sorted() && manifest.isFinished)
    #expect(documents.count + manifest.emptyDocuments == manifest.documents)
    // The last document is the first with which there are enough tokens.
    let tokens = documents.reduce(0) { $0 + $1.tokens }
    #expect(tokens == manifest.tokens && tokens >= 500 && tokens - documents.last!.tokens < 500)
    #expect(manifest.shards.count > 2 && manifest.shards.dropLast().allSatisfy { (150..<174).contains($0.tokens) })
    var read: [String] = []
    try Corpus(paths: [tiny.path("text")]).visitDocuments {
      read.append(String(decoding: $0, as: UTF8.self))
      return true
    }
    #expect(read == documents.map(\.text))
    var counter = RepetitionCounter()
    for document in documents { counter.add(document) }
    #expect(manifest.repetition == counter.result)
    #expect(
      tiny.names("text") == Set([".lock", "synthesis.json"] + manifest.shards.map(\.name)))
  }

  @Test func aStopAtAnyStepAndAnotherBatchGiveTheSameBytes() throws {
    _ = try write("whole")
    let whole = try files("whole")
    for (number, steps) in [0, 1, 9, 30, 55].enumerated() {
      let folder = "parts\(number)"
      try stopped(folder, after: steps)
      try stopped(folder, after: 6, batch: 2)
      _ = try write(folder, batch: 1 + 3 * number)
      #expect(try files(folder) == whole, "\(steps)")
    }
    #expect(try write("whole").isFinished)
    #expect(try files("whole") == whole)
  }

  @Test func aJournalThatIsCutAnywhereGivesTheSameBytes() throws {
    _ = try write("whole")
    let whole = try files("whole")
    try stopped("parts", after: 70)
    let before = try files("parts")
    let journal = try #require(before[".journal"])
    #expect(before.count > 2 && journal.count > 300)
    var cuts = [0, 1, journal.count - 1]
    if let line = journal.firstIndex(of: 0x0A) { cuts += [line - 1, line, line + 1, line + 2, line + 40] }
    cuts += stride(from: 100, to: journal.count, by: 211)
    for cut in cuts {
      try FileManager.default.removeItem(atPath: tiny.path("parts"))
      for (name, bytes) in before { try tiny.place.write("parts/" + name, bytes) }
      try tiny.place.write("parts/.journal", journal.prefix(cut))
      // What a process leaves that was killed while it wrote.
      try tiny.place.write("parts/.partial-x", "half")
      try tiny.place.write("parts/part-\(String(format: "%05d", before.count - 2)).jsonl", "{\"index\"")
      _ = try write("parts")
      #expect(try files("parts") == whole, "cut at \(cut)")
    }
  }

  @Test func aJournalThatIsOlderThanTheShardsIsNoHarm() throws {
    _ = try write("whole")
    try stopped("parts", after: 20)
    let journal = try tiny.bytes("parts/.journal")
    try stopped("parts", after: 25)
    try tiny.place.write("parts/.journal", journal)
    _ = try write("parts")
    #expect(try files("parts") == files("whole"))
  }

  @Test func documentsThatAreMissingBeforeEnoughFinishedOnesAreWritten() throws {
    let whole = try write("whole")
    try stopped("parts", after: 0)
    let lines = try whole.shards.flatMap { try tiny.bytes("whole/" + $0.name).split(separator: 0x0A) }
    // All but some of the first ones, and for them others that come after the end.
    var journal = Data()
    for line in lines.dropFirst(4) { journal += line + [0x0A] }
    for index in 1000..<1010 {
      journal += try SynthesisFolder.line(
        SynthesizedDocument(
          index: index, seed: 0, prompt: nil, question: nil, written: "late", tokens: 24, finish: .length))
    }
    try tiny.place.write("parts/.journal", journal)
    _ = try write("parts")
    #expect(try files("parts") == files("whole"))
  }

  @Test func aFolderWithOtherFilesIsLeftAlone() throws {
    try tiny.place.write("text/part-00000.jsonl", "mine")
    let error = #expect(throws: MohawkError.self) { try write("text") }
    #expect(error?.code == .alreadyInUse && error?.description.contains("not empty") == true)
    #expect(try tiny.bytes("text/part-00000.jsonl") == Data("mine".utf8))
  }

  @Test func documentsBeginWithLinesOfAFileInTurn() throws {
    try tiny.place.write("prompts.txt", "One day\r\n\n  \nThe dog was\n Tom")
    _ = try write("lines", from: .prompts(tiny.path("prompts.txt")))
    let documents = try documents("lines")
    let wanted = ["One day", "The dog was", " Tom"]
    #expect(documents.count > 6 && documents.allSatisfy { $0.prompt == wanted[$0.index % 3] && $0.question == nil })
    #expect(documents.allSatisfy { $0.text.hasPrefix(wanted[$0.index % 3]) && !$0.written.isEmpty })
    try tiny.place.write(
      "prompts.jsonl", #"{"prompt": "One day"}"# + "\n" + #"{"text": "The dog was"}"# + "\n" + #"{"text": " Tom"}"#)
    _ = try write("json", from: .prompts(tiny.path("prompts.jsonl")))
    #expect(try self.documents("json") == documents)
  }

  @Test func questionsAreAskedAsTheTemplateSays() throws {
    try tiny.place.write(
      "teacher/chat_template.jinja",
      "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}{% if add_generation_prompt %}[me]{% endif %}")
    try tiny.place.write("questions.txt", "What is red?\nWho came?\n")
    _ = try write("chat", from: .questions(tiny.path("questions.txt")))
    let documents = try documents("chat")
    let wanted = ["What is red?", "Who came?"]
    for document in documents {
      let question = wanted[document.index % 2]
      #expect(document.question == question && document.prompt == "[user] \(question) [me]")
    }
    let line = try tiny.bytes("chat/part-00000.jsonl").split(separator: 0x0A)[0]
    let value = try JSONValue(json: String(decoding: line, as: UTF8.self), location: "line")
    #expect(value["text"]?.text == documents[0].text)
    #expect(String(decoding: line, as: UTF8.self).contains(#"{"content":"What is red?","role":"user"}"#))
  }

  @Test func otherSettingsAreRefusedInAFolderThatHasText() throws {
    try tiny.place.write("prompts.txt", "One day")
    _ = try write("text")
    let before = try files("text")
    func refused(_ part: String, _ body: () throws -> SynthesisManifest) {
      let error = #expect(throws: MohawkError.self) { try body() }
      #expect(error?.code == .mismatch && error?.description.contains(part) == true, "\(error as Any)")
    }
    refused("tokens was 500 and is now 600") { try write("text", tokens: 600) }
    refused("length was 24 and is now 25") { try write("text", length: 25) }
    refused("topP was 0.95 and is now 0.9") { try write("text") { $0.topP = 0.9 } }
    refused("seed was 3 and is now 4") { try write("text") { $0.seed = 4 } }
    refused("weights was of the model and is now int8") { try write("text", weights: .int8) }
    refused("beginning was nothing and is now prompts") {
      try write("text", from: .prompts(tiny.path("prompts.txt")))
    }
    _ = try tiny.llama()
    refused("model was") { try write("text", model: "llama") }
    #expect(try files("text") == before)
    var bytes = [UInt8](try tiny.bytes("text/part-00000.jsonl"))
    bytes[bytes.count / 2] ^= 1
    for (damaged, part) in [(bytes, "has changed since it was written"), ([], "has 0 bytes instead of")] {
      try tiny.place.write("text/part-00000.jsonl", damaged)
      let error = #expect(throws: MohawkError.self) { try write("text") }
      #expect(error?.location?.hasSuffix("part-00000.jsonl") == true && error?.message.contains(part) == true)
    }
    try tiny.place.write("text/synthesis.json", "{}")
    let error = #expect(throws: MohawkError.self) { try write("text") }
    #expect(error?.code == .invalidFormat)
  }

  @Test func roundedWeightsWriteTooAndNumbersBelowOneAreRefused() throws {
    #expect(try write("rounded", weights: .int8).isFinished)
    #expect(throws: MohawkError.self) { try write("none", tokens: 0) }
    #expect(throws: MohawkError.self) { try write("none", length: 0) }
    #expect(throws: MohawkError.self) { try write("none", batch: 0) }
    #expect(tiny.names("none").isEmpty)
  }
}
