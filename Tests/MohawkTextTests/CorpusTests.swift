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
    ("{\"text\":5}", ":1", "is 5, not a string"), ("{\"text\":null}", ":1", "null"),
    ("[\"a\"]", ":1", "not a JSON object"),
    ("{\"text\":\"\"}", ":1", "empty"), ("plain words", ":1", "not a JSON object"),
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

  @Test func aFileWithOnlyAMarkIsRefused() throws {
    #expect(refusal(try folder.write("a.txt", [0xEF, 0xBB, 0xBF]))?.message.contains("no text") == true)
    #expect(refusal(try folder.write("a.jsonl", "\n\n"))?.message.contains("no text") == true)
  }

  @Test func aFolderIsReadInOrderOfItsPaths() throws {
    try folder.write("c/b.txt", "2")
    try folder.write("c/a/z.jsonl", "{\"text\":\"1\"}")
    try folder.write("c/readme.md", "no")
    try folder.write("c/.hidden.txt", "no")
    try folder.write("c/z.txt.gz", gzip("3"))
    #expect(try documents(folder.path + "/c") == ["1", "2", "3"])
  }

  @Test func aFolderWithoutTextIsRefused() throws {
    try folder.write("d/readme.md", "no")
    let error = refusal(folder.path + "/d")
    #expect(error?.message.contains(".jsonl.gz") == true)
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
