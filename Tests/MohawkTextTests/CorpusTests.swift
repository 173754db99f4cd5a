import CZlib
import Foundation
import MohawkFiles
import MohawkText
import Testing

@Suite struct CorpusTests {
  let folder = try! TemporaryFolder()

  private func documents(_ paths: String...) throws -> [String] {
    var result: [String] = []
    try Corpus(paths: paths).visitDocuments {
      result.append(String(decoding: $0, as: UTF8.self))
      return true
    }
    return result
  }

  private func refusal(_ paths: String...) -> MohawkError? {
    #expect(throws: MohawkError.self) { try Corpus(paths: paths).visitDocuments { _ in true } }
  }

  @Test func aTextFileIsOneDocument() throws {
    #expect(try documents(folder.write("a.txt", "one\r\ntwo\n")) == ["one\r\ntwo\n"])
  }

  @Test func aByteOrderMarkIsDropped() throws {
    #expect(try documents(folder.write("a.txt", [0xEF, 0xBB, 0xBF] + "x\u{FEFF}".utf8)) == ["x\u{FEFF}"])
    let lines = try folder.write("b.jsonl", [0xEF, 0xBB, 0xBF] + #"{"text":"y"}"#.utf8)
    #expect(try documents(lines) == ["y"])
  }

  @Test func aLineIsADocument() throws {
    let path = try folder.write(
      "a.jsonl",
      "{\"text\":\"one\",\"n\":[1,{}]}\r\n\n{\"id\":{\"text\":\"no\"},\"text\":\"t\\u0077o\\n\"}\n  \n{\"text\":\"three\"}"
    )
    #expect(try documents(path) == ["one", "two\n", "three"])
  }

  @Test func bytesThatAreNotUTF8Survive() throws {
    let raw: [UInt8] = [0x61, 0xFF, 0xC3, 0x20, 0x80]
    let paths = [
      try folder.write("a.txt", raw),
      try folder.write("b.jsonl", Array("{\"text\":\"".utf8) + raw + Array("\"}\n".utf8)),
    ]
    var found: [[UInt8]] = []
    try Corpus(paths: paths).visitDocuments {
      found.append($0)
      return true
    }
    #expect(found == [raw, raw])
  }

  @Test(arguments: [
    ("{\"text\":\"a\"}\n{\"text\":", ":2", "column"), ("{\"text\":\"a\"}\n\n{\"txt\":\"b\"}", ":3", "missing"),
    ("{\"text\":5}", ":1", "is 5, not a string"), ("{\"text\":[null]}", ":1", "an array of 1"),
    ("[\"a\"]", ":1", "not a JSON object"),
    ("{\"text\":\"\\ud800\"}", ":1", "surrogate"), ("plain words", ":1", "not a JSON object"),
    ("{\"text\":\"a\"} {}", ":1", "follows"),
  ])
  func aBadLineIsNamed(text: String, line: String, message: String) throws {
    let path = try folder.write("bad.jsonl", text)
    let error = refusal(path)
    #expect(error?.location == path + line)
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test func aLineOfBracketsDoesNotCrash() throws {
    let path = try folder.write("deep.jsonl", "{\"x\":" + String(repeating: "[", count: 500_000))
    #expect(refusal(path)?.message.contains("nested") == true)
  }

  @Test(arguments: ["a.txt", "a.jsonl", "a.txt.gz"])
  func anEmptyFileIsRefused(name: String) throws {
    let path = try folder.write(name, "")
    #expect(refusal(path)?.location == path)
  }

  @Test func emptyDocumentsAreLeftOutAndCounted() throws {
    try folder.write("e/a.jsonl", "{\"text\":\"\"}\n{\"text\":\"one\"}\n{\"text\":null}\n\n")
    try folder.write("e/b.txt", "")
    try folder.write("e/c.txt", [0xEF, 0xBB, 0xBF])
    try folder.write("e/d.json", "[]")
    try folder.write("e/e.txt", "two")
    let corpus = try Corpus(paths: [folder.path + "/e"])
    for _ in 1...2 {
      var found: [String] = []
      try corpus.visitDocuments {
        found.append(String(decoding: $0, as: UTF8.self))
        return true
      }
      #expect(found == ["one", "two"] && corpus.emptyDocuments == 4)
    }
    let nothing = try folder.write("n.jsonl", "{\"text\":\"\"}\n{\"text\":null}")
    #expect(refusal(nothing)?.message == "all 2 documents are empty" && refusal(nothing)?.location == nothing)
  }

  @Test(arguments: [
    #"{"score":NaN,"text":"a"}"#, #"{"text":"a","x":[-Infinity,Infinity,{"y":NaN}]}"#,
    #"{"raw":"\ud83d","text":"a"}"#, #"{"\udc00":"\ud800\ud800","text":"a"}"#, #"{"x":"\q\u12","text":"a"}"#,
  ])
  func whatNobodyReadsDoesNotMatter(line: String) throws {
    #expect(try documents(folder.write("a.jsonl", line)) == ["a"])
  }

  @Test(arguments: [
    #"{"score":nan,"text":"a"}"#, #"{"score":N,"text":"a"}"#, #"{"score":-Inf,"text":"a"}"#, #"{"x":"a,"text":"a"}"#,
  ])
  func whatIsNoJSONInAnyToolIsRefused(line: String) throws {
    #expect(refusal(try folder.write("a.jsonl", line))?.location?.hasSuffix(":1") == true)
  }

  @Test(
    arguments: [
      ([0xFF, 0xFE], String.Encoding.utf16LittleEndian), ([0xFE, 0xFF], .utf16BigEndian),
      ([0xFF, 0xFE, 0, 0], .utf32LittleEndian), ([0, 0, 0xFE, 0xFF], .utf32BigEndian), ([0xEF, 0xBB, 0xBF], .utf8),
    ] as [([UInt8], String.Encoding)])
  func textIsDecodedByItsMark(mark: [UInt8], encoding: String.Encoding) throws {
    // More than a chunk, with characters of two units at every place.
    let text = String(repeating: "naïve 日本 😀\r\n", count: 60_000)
    let plain = try folder.write("a.txt", mark + [UInt8](text.data(using: encoding)!))
    #expect(try documents(plain) == [text])
    let line = mark + [UInt8]("{\"text\":\"é 😀\"}\r\n".data(using: encoding)!)
    #expect(try documents(folder.write("b.jsonl", line)) == ["é 😀"])
    #expect(try documents(folder.write("c.json", mark + [UInt8]("[\"é\"]".data(using: encoding)!))) == ["é"])
  }

  @Test func wideTextThatIsDamagedOrUnmarkedIsRefused() throws {
    let text = [UInt8]("plain words".data(using: .utf16LittleEndian)!)
    let damaged: [[UInt8]] = [
      [0xFF, 0xFE] + Array(text.dropLast()), [0xFF, 0xFE, 0x3D, 0xD8, 0x41, 0], [0xFF, 0xFE, 0, 0xDC],
    ]
    for bytes in damaged {
      #expect(refusal(try folder.write("a.txt", bytes))?.message.contains("not valid UTF-16") == true)
    }
    #expect(refusal(try folder.write("a.txt", text))?.message.contains("without a byte order mark") == true)
    #expect(refusal(try folder.write("a.jsonl", text))?.remedy?.contains("UTF-8") == true)
  }

  @Test func aListOfObjectsOrTextsIsDocuments() throws {
    #expect(
      try documents(folder.write("a.json", #" [{"text":"one","n":NaN}, "two", {"text":""}]"#)) == ["one", "two"])
    #expect(try documents(folder.write("b.json", "{\n \"text\": \"one\"\n}\n{\"text\":\"two\"}\n")) == ["one", "two"])
    #expect(
      refusal(try folder.write("c.json", #"[{"text":"one"}, {"txt":"two"}]"#))?.location?.hasSuffix("c.json[1]") == true
    )
    #expect(refusal(try folder.write("d.json", #"[{"text":"one"}"#))?.message.contains("ends too early") == true)
    #expect(refusal(try folder.write("e.json", #"["a"] []"#))?.message.contains("follows") == true)
  }

  @Test func theTextMayLieUnderAnotherKey() throws {
    let path = try folder.write("a.jsonl", #"{"text":5,"content":"one"}"#)
    var found: [String] = []
    try Corpus(paths: [path], CorpusOptions(textKey: "content")).visitDocuments {
      found.append(String(decoding: $0, as: UTF8.self))
      return true
    }
    #expect(found == ["one"])
  }

  @Test(arguments: [
    (#"{"meta":{"body":{"t":"one"}}}"#, "meta.body.t", "one"),
    (#"{"meta.t":"one","meta":{"t":"two"}}"#, "meta.t", "one"),
    (#"{"meta":{"t":null},"text":"x"}"#, "meta.t", ""), (#"{"a":{"b":"one"},"x":NaN}"#, "a.b", "one"),
  ]) func theTextMayLieDeeper(_ line: String, _ key: String, _ text: String) throws {
    let corpus = try Corpus(
      paths: [folder.write("a.jsonl", line + "\n" + line.replacing("null", with: "\"end\"") + "\n")],
      CorpusOptions(textKey: key))
    var found: [String] = []
    try corpus.visitDocuments {
      found.append(String(decoding: $0, as: UTF8.self))
      return true
    }
    #expect(found == (text.isEmpty ? ["end"] : [text, text]))
  }

  @Test(arguments: [
    (#"{"meta":{"t":5}}"#, "is 5, not a string"), (#"{"meta":"x"}"#, "is missing"), (#"{"t":"x"}"#, "is missing"),
    (#"{"meta":[{"t":"x"}]}"#, "is missing"),
  ]) func whatIsNotThereIsMissedByItsWholePath(_ line: String, _ says: String) throws {
    let corpus = try Corpus(paths: [folder.write("a.jsonl", line)], CorpusOptions(textKey: "meta.t"))
    let error = #expect(throws: MohawkError.self) { try corpus.visitDocuments { _ in true } }
    #expect(error?.message == "the member \"meta.t\" \(says)")
  }

  @Test func namesMayBeInCapitals() throws {
    try folder.write("f/A.TXT", "a")
    try folder.write("f/B.Jsonl", #"{"text":"b"}"#)
    try folder.write("f/C.JSON", #"["c"]"#)
    try folder.write("f/D.MD", "d")
    #expect(try documents(folder.path + "/f") == ["a", "b", "c", "d"])
  }

  @Test func documentsThatAreNotUTF8AreToldOnce() throws {
    let paths = [
      try folder.write("a.txt", Array("caf".utf8) + [0xE9]), try folder.write("b.txt", "café"),
      try folder.write("c.jsonl", Array("{\"text\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}\n".utf8)),
      // A character that lies on the border between two chunks.
      try folder.write("d.txt", String(repeating: "a", count: (1 << 20) - 1) + "é"),
    ]
    let corpus = try Corpus(paths: paths)
    #expect(corpus.findings == [])
    try corpus.visitDocuments { _ in true }
    #expect(corpus.findings.count == 1)
    #expect(corpus.findings[0].hasPrefix("not UTF-8, and read byte by byte: 2 documents (\(paths[0]))"))
    #expect(corpus.findings[0].contains("iconv"))
  }

  @Test(arguments: [
    #"{"conversations":[{"from":"human","value":"hi"},{"from":"gpt","value":"ho"}]}"#,
    #"{"conversations":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}"#,
    #"{"conversations":[{"from":"x","value":"y"}],"messages":[{"from":"user","value":"hi"},{"from":"assistant","value":"ho"}]}"#,
  ]) func conversationsOfOtherProgramsAreRendered(_ line: String) throws {
    try folder.write(
      "model/chat_template.jinja", "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
    let corpus = try Corpus(
      paths: [folder.write("a.jsonl", line)], CorpusOptions(chatFolder: folder.path + "/model"))
    var found: [String] = []
    try corpus.visitDocuments {
      found.append(String(decoding: $0, as: UTF8.self))
      return true
    }
    #expect(found == ["<user>hi<assistant>ho"])
    let other = try Corpus(
      paths: [folder.write("b.jsonl", #"{"conversations":[{"from":"nobody","value":"hi"}]}"#)],
      CorpusOptions(chatFolder: folder.path + "/model"))
    let error = #expect(throws: MohawkError.self) { try other.visitDocuments { _ in true } }
    #expect(error?.message.contains("from \"nobody\"") == true)
  }

  @Test func conversationsAreRenderedByTheModelsTemplate() throws {
    try folder.write(
      "model/chat_template.jinja", "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
    let path = try folder.write(
      "a.jsonl", #"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}"#)
    let corpus = try Corpus(paths: [path], CorpusOptions(chatFolder: folder.path + "/model"))
    var found: [String] = []
    try corpus.visitPieces { piece, _ in
      found.append(String(decoding: piece.bytes, as: UTF8.self))
      #expect(piece.isRendered && piece.isLast)
      return true
    }
    #expect(found == ["<user>hi<assistant>ho"])
    let error = refusal(path)
    #expect(error?.location == path + ":1" && error?.message.contains("no chat template") == true)
  }

  @Test func linkedFoldersAreReadOnceAndLoopsAreHarmless() throws {
    let files = FileManager.default
    try folder.write("real/r.txt", "r")
    try folder.write("top/b.txt", "b")
    func link(_ name: String, _ target: String) throws {
      try files.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
    }
    try link("link", "real")
    try link("top/a", "../real")
    try link("top/again", "../real")
    try link("top/loop", "../top")
    try link("top/gone.txt", "nowhere")
    try link("top/c.txt", "b.txt")
    #expect(try documents(folder.path + "/link") == ["r"])
    let corpus = try Corpus(paths: [folder.path + "/top"])
    #expect(corpus.files.map { $0.path.dropFirst(folder.path.count) } == ["/top/a/r.txt", "/top/b.txt", "/top/c.txt"])
    #expect(corpus.notices.contains { $0.contains("not there: 1 (gone.txt)") }, "\(corpus.notices)")
    #expect(corpus.notices.contains { $0.contains("read already: 2 (again, loop)") }, "\(corpus.notices)")
  }

  @Test func whatIsPassedOverInAFolderIsCounted() throws {
    for name in ["a.png", "b.py", "c.bin", "d.parquet.gz", "dataset_info.json"] { try folder.write("f/" + name, "{}") }
    try folder.write("f/README.md", "---\nlicense: mit\n---\n# Card")
    try folder.write("f/notes.md", "notes")
    try folder.write("f/list.json", #"["text"]"#)
    #expect(try documents(folder.path + "/f") == ["text", "notes"])
    let notices = try Corpus(paths: [folder.path + "/f"]).notices
    #expect(notices.count == 1 && notices[0].contains("no text of a known form: 6 (README.md, a.png, b.py and 3 more)"))
    #expect(refusal(folder.path + "/f/d.parquet.gz")?.remedy?.contains(".parquet") == true)
  }

  @Test(.enabled(if: Zstd.isThere, "zstd is not installed")) func zstandardIsUnpacked() throws {
    let long = String(repeating: "the mill and the river\n", count: 200_000)
    let path = try folder.write("a.txt", long)
    let packed = try Zstd.pack(path)
    #expect(try documents(packed) == [long])
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: packed)))
    #expect(try documents(folder.write("b.txt.zst", bytes + bytes)) == [long + long])
    for end in [3, bytes.count / 2, bytes.count - 1] {
      #expect(refusal(try folder.write("c.txt.zst", bytes[..<end]))?.code == .truncatedFile, "cut at \(end)")
    }
    #expect(refusal(try folder.write("d.txt.zst", "no zstd at all"))?.code == .invalidFormat)
  }

  @Test func aFileWithOnlyAMarkIsRefused() throws {
    #expect(refusal(try folder.write("a.txt", [0xEF, 0xBB, 0xBF]))?.message.contains("there is no text") == true)
    #expect(refusal(try folder.write("a.jsonl", "\n\n"))?.message.contains("there is no text") == true)
  }

  @Test func aFolderIsReadInOrderOfItsPaths() throws {
    try folder.write("c/b.txt", "2")
    try folder.write("c/a/z.jsonl", "{\"text\":\"1\"}")
    try folder.write("c/readme.md", "3")
    try folder.write("c/readme.rst", "no")
    try folder.write("c/.hidden.txt", "no")
    try folder.write("c/z.txt.gz", gzip("3"))
    #expect(try documents(folder.path + "/c") == ["1", "2", "3", "3"])
  }

  @Test func aFolderWithoutTextIsRefused() throws {
    try folder.write("d/readme.rst", "no")
    let error = refusal(folder.path + "/d")
    #expect(error?.message.contains(".jsonl") == true && error?.message.contains("readme.rst") == true)
    #expect(refusal(folder.path + "/none")?.code == .missingFile)
    #expect(refusal(try folder.write("a.csv", "x"))?.code == .unsupported)
    #expect(refusal()?.code == .invalidValue)
  }

  @Test func compressedTextOfSeveralMembersIsOneDocument() throws {
    let long = String(repeating: "the mill and the river\n", count: 200_000)
    let path = try folder.write("a.txt.gz", gzip(long) + gzip("second") + gzip("") + [0, 0, 0])
    #expect(try documents(path) == [long + "second"])
    let lines = try folder.write("b.jsonl.gz", gzip("{\"text\":\"o") + gzip("ne\"}\n{\"text\":\"two\"}"))
    #expect(try documents(lines) == ["one", "two"])
  }

  @Test func aTruncatedGzipFileIsRefused() throws {
    let whole = gzip(String(repeating: "abc def ", count: 1000))
    for end in [1, 5, 10, 20, whole.count / 2, whole.count - 8, whole.count - 1] {
      let path = try folder.write("t.txt.gz", whole[..<end])
      let error = refusal(path)
      #expect(error?.code == .truncatedFile, "cut at \(end)")
      #expect(error?.location == path)
    }
  }

  @Test func aDamagedGzipFileIsRefused() throws {
    var whole = gzip((0..<3000).map { "\($0 * 7919 % 1000) " }.joined())
    whole[whole.count / 2] ^= 0x55
    #expect(refusal(try folder.write("t.txt.gz", whole)) != nil)
    #expect(refusal(try folder.write("u.txt.gz", "no gzip at all"))?.code == .invalidFormat)
    #expect(refusal(try folder.write("v.txt.gz", gzip("a") + Array("rubbish".utf8)))?.code == .invalidFormat)
  }

  @Test func aVisitCanEndEarly() throws {
    let path = try folder.write("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\nbroken")
    var seen = 0
    try Corpus(paths: [path, path]).visitDocuments { _ in
      seen += 1
      return seen < 2
    }
    #expect(seen == 2)
  }

  @Test func trainingOnPiecesEqualsTrainingOnTheWhole() throws {
    var random = SeededGenerator(seed: 3)
    // More than one chunk, with runs of spaces and long scripts at every place.
    let text = (0..<300_000).map { _ in ["the", " ", " mill", "\n", "水", " é", "  ", "'s"][random.next(below: 8)] }
      .joined()
    let path = try folder.write("long.txt", text)
    var pieces = BytePairTrainer()
    try pieces.add(try Corpus(paths: [path]))
    var whole = BytePairTrainer()
    whole.add(text)
    #expect(try pieces.train(vocabularySize: 400).fingerprint == whole.train(vocabularySize: 400).fingerprint)
  }
}

/// The program `zstd`.
enum Zstd {
  static let program = ["/usr/bin/zstd", "/opt/homebrew/bin/zstd", "/usr/local/bin/zstd"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static var isThere: Bool { program != nil }

  /// Packs a file. - Returns: the path of the packed one.
  static func pack(_ path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program!)
    process.arguments = ["-q", "-f", path]
    try process.run()
    process.waitUntilExit()
    return path + ".zst"
  }
}

/// One gzip member.
func gzip(_ text: String) -> [UInt8] {
  var input = Array(text.utf8)
  let count = input.count
  var output = [UInt8](repeating: 0, count: count + 1000)
  return input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      var stream = z_stream()
      deflateInit2_(
        &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      deflate(&stream, Z_FINISH)
      deflateEnd(&stream)
      return Array(output[..<(output.count - Int(stream.avail_out))])
    }
  }
}
