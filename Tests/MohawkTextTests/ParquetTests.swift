import Foundation
import MohawkFiles
import MohawkText
import Testing

/// Tables in Apache Parquet. What needs pyarrow is tested where `MOHAWK_PYTHON`, or `python3`, has it; what is said where it
/// is missing, with stand-ins for Python.
@Suite(.serialized) struct ParquetTests {
  let folder = try! TemporaryFolder()

  static let python = ProcessInfo.processInfo.environment["MOHAWK_PYTHON"] ?? "python3"

  static let isThere: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", "import pyarrow.parquet"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  private func documents(_ path: String, _ options: CorpusOptions = CorpusOptions(), python: String = python) throws
    -> (texts: [String], empty: Int)
  {
    try ParquetRows.$python.withValue(python) {
      var texts: [String] = []
      let corpus = try Corpus(paths: [path], options)
      try corpus.visitDocuments {
        texts.append(String(decoding: $0, as: UTF8.self))
        return true
      }
      return (texts, corpus.emptyDocuments)
    }
  }

  private func refusal(_ path: String, _ options: CorpusOptions = CorpusOptions(), python: String = python)
    -> MohawkError?
  {
    #expect(throws: MohawkError.self) { try documents(path, options, python: python) }
  }

  /// Writes a table of these columns, each Python's text of a list.
  private func table(_ name: String, _ columns: String) throws -> String {
    let path = folder.path + "/" + name
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      Self.python, "-c",
      "import pyarrow, pyarrow.parquet, sys; pyarrow.parquet.write_table(pyarrow.table(\(columns)), sys.argv[1])", path,
    ]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return path
  }

  /// A program that stands in for Python: it says what it was given, and ends with a status.
  private func standIn(_ body: String) throws -> String {
    let path = try folder.write("python", "#!/bin/sh\n" + body)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  @Test func rowsAreDocuments() throws {
    let python = try standIn(
      #"shift 2; echo "{\"text\": \"$2, $3, $4, $5 of $1\"}"; echo "{\"text\": null}"; echo "{\"text\": \"b\"}""#)
    let path = try folder.write("a.parquet", "PAR1")
    let found = try documents(path, python: python)
    #expect(found.texts == ["text, messages, conversations, tools of \(path)", "b"] && found.empty == 1)
    #expect(try documents(folder.path, CorpusOptions(textKey: "text"), python: python).texts.count == 2)
  }

  @Test(arguments: [
    ("exit 3", "does not have", "pip install pyarrow"), ("exit 127", "there is no", "MOHAWK_PYTHON"),
    ("echo -n 'id, body' >&2; exit 4", "no column text, messages or conversations; there are: id, body", "--text-key"),
    ("echo 'ArrowInvalid: bytes' >&2; exit 1", "cannot read this: ArrowInvalid: bytes", "whole"),
    ("echo '{\"text\": \"a\"}'; kill -9 $$", "ended with 9", "whole"),
    ("echo '{\"text\": 5}'", "is 5, not a string", "--text-key"),
  ])
  func whatIsMissingOrWrongIsOneSentence(_ body: String, _ message: String, _ remedy: String) throws {
    let path = try folder.write("a.parquet", "PAR1")
    let error = refusal(path, python: try standIn(body))
    #expect(error?.message.contains(message) == true && error?.remedy?.contains(remedy) == true, "\(error!)")
    #expect(error?.location?.hasPrefix(path) == true)
  }

  @Test func aPythonThatIsNotThereIsNamed() throws {
    let error = refusal(try folder.write("a.parquet", "PAR1"), python: "no-such-python")
    #expect(error?.message.contains("there is no no-such-python") == true)
  }

  @Test func aReaderThatStopsEndsThePython() throws {
    let path = try folder.write("a.parquet", "PAR1")
    let python = try standIn("while :; do echo '{\"text\": \"more\"}'; done")
    let count = try ParquetRows.$python.withValue(python) {
      var count = 0
      try Corpus(paths: [path]).visitDocuments { _ in
        count += 1
        return count < 10
      }
      return count
    }
    #expect(count == 10)
  }

  @Test(.enabled(if: isThere, "pyarrow is not installed")) func tablesAreReadAsLinesOfJSONAre() throws {
    let plain = try table(
      "plain.parquet",
      #"{"id": list(range(1000)), "text": ["" if i % 100 == 7 else f"tale {i} 水\n" for i in range(1000)]}"#)
    let found = try documents(plain)
    #expect(found.empty == 10 && found.texts.count == 990 && found.texts[7] == "tale 8 水\n")
    let other = try table("other.parquet", #"{"body": ["a", None, "b"], "when": [1.5, float("nan"), 2]}"#)
    #expect(try documents(other, CorpusOptions(textKey: "body")).texts == ["a", "b"])
    #expect(refusal(other)?.message.contains("there are: body, when") == true)
    try folder.write(
      "model/chat_template.jinja",
      "{{ tools | length if tools else 0 }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.name is defined %}({{ m.name }}){% endif %}{% endfor %}"
    )
    let chats = try table(
      "chats.parquet",
      #"{"messages": [[{"role": "user", "content": "hi", "name": "Ann"}, {"role": "assistant", "content": "ho", "name": None}]]}"#
    )
    #expect(
      try documents(chats, CorpusOptions(chatFolder: folder.path + "/model")).texts == ["0<user>hi(Ann)<assistant>ho"])
    #expect(refusal(try folder.write("no.parquet", "PAR1 and no more"))?.message.contains("Arrow") == true)
  }
}
