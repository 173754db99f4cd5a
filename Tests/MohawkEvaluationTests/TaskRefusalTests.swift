import Foundation
import MohawkFiles
import Testing

@testable import MohawkEvaluation

/// What is wrong with tasks and their files is said in one sentence that names the place.
@Suite final class TaskRefusalTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID())").path

  init() throws { try AtomicFolder.ensure(folder) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func file(_ text: String) throws -> String {
    try AtomicFile.write(text, to: folder + "/task.jsonl")
    return folder + "/task.jsonl"
  }

  private func refusal(_ tasks: [String], _ options: TaskOptions = TaskOptions()) throws -> String {
    do {
      _ = try EvaluationTask.all(tasks, options)
    } catch let error as MohawkError {
      return "\(error)"
    }
    Issue.record("nothing was refused")
    return ""
  }

  static let piqa = #"{"goal": "g", "sol1": "a", "sol2": "b", "label": 0}"#

  static let broken: [(task: String, line: String, words: [String])] = [
    ("piqa", #"{"goal": "g", "sol1": "a", "label": 0}"#, ["sol2", "missing"]),
    ("piqa", #"{"goal": "g", "sol1": "a", "sol2": "b", "label": 2}"#, ["label", "2", "0 to 1"]),
    ("piqa", #"{"goal": 7, "sol1": "a", "sol2": "b", "label": 0}"#, ["goal", "7", "not text"]),
    ("piqa", #"["goal"]"#, ["not a JSON object"]),
    ("piqa", "{", [":2"]),
    (
      "hellaswag", #"{"activity_label": "x", "ctx_a": "a", "ctx_b": "b", "endings": ["c", "d"], "label": ""}"#,
      ["label", "0 to 1"]
    ),
    (
      "hellaswag", #"{"activity_label": "x", "ctx_a": "a", "ctx_b": "b", "endings": ["c"], "label": "0"}"#,
      ["endings", "at least 2"]
    ),
    ("hellaswag", #"{"activity_label": "x", "ctx_b": "b", "endings": [], "label": "0"}"#, ["ctx_a", "missing"]),
    (
      "arc_easy", #"{"question": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "C"}"#,
      ["answerKey", "C", "no label"]
    ),
    (
      "arc_challenge",
      #"{"question": "q", "choices": {"text": ["a", "b", "c"], "label": ["A", "B"]}, "answerKey": "A"}"#,
      ["3 texts and 2 labels"]
    ),
    ("arc_easy", #"{"question": "q", "choices": {"text": ["a", 3]}, "answerKey": "A"}"#, ["choices.text", "list"]),
    ("winogrande", #"{"sentence": "no gap", "option1": "a", "option2": "b", "answer": "1"}"#, ["sentence", "gap"]),
    ("winogrande", #"{"sentence": "a _ b", "option1": "a", "option2": "b", "answer": ""}"#, ["answer", "\"1\""]),
    ("lambada", #"{"content": "x y"}"#, ["text", "missing"]),
  ]

  @Test(arguments: broken.indices) func aBrokenLineIsNamed(_ index: Int) throws {
    let (task, line, words) = Self.broken[index]
    let path = try file("\n" + line + "\n")
    let message = try refusal(["\(task)=\(path)"])
    for word in words + ["task.jsonl:2"] { #expect(message.contains(word), "\(message)") }
  }

  @Test func anEmptyFileAndAMissingOneAreRefused() throws {
    #expect(try refusal(["piqa=\(try file(" \n\n"))"]).contains("no document"))
    #expect(try refusal(["piqa=\(folder)/nothing.jsonl"]).contains("nothing.jsonl"))
    #expect(try refusal(["piqa"]).contains("piqa=PATH"))
    #expect(try refusal(["perplexity="]).contains("perplexity=PATH"))
  }

  @Test func anUnknownTaskIsAnsweredWithTheNearest() throws {
    #expect(try refusal(["helaswag=x"]).contains("did you mean hellaswag?"))
    #expect(try refusal(["needles"]).contains("did you mean needle?"))
    #expect(try refusal(["quantum physics"]).contains("the tasks are"))
    #expect(try refusal([]).contains("no task"))
    #expect(try refusal(["needle", "needle=64"]).contains("named twice"))
    #expect(try refusal(["needle=64+x"]).contains("'x'"))
    #expect(try refusal(["mqar=0"]).contains("'0'"))
  }

  @Test func examplesNeedTheirFile() throws {
    let path = try file(Self.piqa + "\n" + Self.piqa)
    var options = TaskOptions()
    options.shots = 2
    #expect(try refusal(["piqa=\(path)"], options).contains("--examples piqa=PATH"))
    options.examples = ["piqa": path]
    #expect(try refusal(["piqa=\(path)"], options).contains("drawn from 3 documents"))
    options.examples = ["pika": path]
    #expect(try refusal(["piqa=\(path)"], options).contains("did you mean piqa?"))
    options.shots = -1
    options.examples = [:]
    #expect(try refusal(["piqa=\(path)"], options).contains("-1"))
    var none = TaskOptions()
    none.limit = 0
    #expect(try refusal(["piqa=\(path)"], none).contains("limit"))
  }

  @Test func theSameDocumentIsNoExampleForItself() throws {
    let path = try file(
      (0..<3).map { Self.piqa.replacingOccurrences(of: "\"g\"", with: "\"g\($0)\"") }.joined(separator: "\n"))
    let documents = try TaskDocument.all(path)
    var examples = try FewShot(2, from: documents, .piqa)
    for _ in 0..<10 {
      for (index, document) in documents.enumerated() {
        let text = String(decoding: try examples.examples(before: document), as: UTF8.self)
        #expect(text.components(separatedBy: "Answer:").count == 3 && !text.contains("g\(index)\n"))
      }
    }
    // Without different documents there is none.
    let same = try TaskDocument.all(file(Array(repeating: Self.piqa, count: 5).joined(separator: "\n")))
    var none = try FewShot(2, from: same, .piqa)
    #expect(throws: MohawkError.self) { try none.examples(before: same[0]) }
  }

  @Test func aChoiceWithoutTokensIsRefusedWithItsLine() throws {
    let path = try file(#"{"text": "one"}"# + "\n" + #"{"text": ""}"#)
    let model = try LMEvalGoldenTests.model()
    let task = try EvaluationTask.all(["lambada=\(path)"])[0]
    // The word after the last space is a space, and that is a token: nothing is empty here.
    #expect(try task.run(model).outcomes[0].judged == 2)
    let narrow = try EvaluatedModel.open(LMEvalGoldenTests.folder + "/model", weights: .float32, window: 1)
    let error = #expect(throws: MohawkError.self) { try task.run(narrow) }
    #expect(error?.location?.hasSuffix("task.jsonl:1") == true)
  }
}

@Suite struct HellaSwagTextTests {
  @Test func whatWikiHowLeftIsRemoved() {
    func cleaned(_ text: String) -> String { String(decoding: HellaSwagText.cleaned(Array(text.utf8)), as: UTF8.self) }
    #expect(cleaned("  a [title] b ") == "a. b")
    #expect(cleaned("[step] go  on [x [y] z]") == " go on z]")
    #expect(cleaned("a [b\nc] d") == "a [b\nc] d")
    #expect(cleaned("a    b") == "a  b")
    #expect(cleaned("a [open") == "a [open")
  }
}
