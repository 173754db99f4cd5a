import Foundation
import MohawkFiles
import MohawkText
import Testing

@Suite struct TokenShardTests {
  let folder = try! TemporaryFolder()
  let tokenizer = TokenizerGoldens.tokenizer

  private func encoded(_ documents: [String], tokensPerShard: Int = 1000) throws -> TokenShards {
    let lines = documents.map { String(decoding: try! JSONEncoder().encode(["text": $0]), as: UTF8.self) + "\n" }
    let path = try folder.write("in.jsonl", lines.joined())
    return try TokenShards.encode(
      try Corpus(paths: [path]), with: tokenizer, to: folder.path + "/out", tokensPerShard: tokensPerShard)
  }

  private let documents = (0..<50).map { "The mill number \($0) stands by the river, 水 and all.  " }

  @Test func shardsHoldTheIDsOfAllDocuments() throws {
    let expected: [Int32] = documents.flatMap { tokenizer.encode($0) + [Int32(0)] }
    let shards = try encoded(documents, tokensPerShard: 64)
    #expect(shards.count == expected.count)
    #expect(shards.ids(in: 0..<shards.count) == expected)
    #expect(shards.ids(in: 60..<200) == Array(expected[60..<200]))
    #expect(shards.documents == 50)
    #expect(shards.bytes == documents.reduce(0) { $0 + $1.utf8.count })
    #expect(shards.tokenizer == tokenizer.fingerprint)
    #expect(shards.vocabularySize == 607)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").sorted()
    #expect(names.count == 2 * ((expected.count + 63) / 64) + 1)
    #expect(names.prefix(3) == ["shards.json", "tokens-00000.bin", "tokens-00000.json"])
  }

  @Test func theFilesAreNanoGPTs() throws {
    let shards = try encoded(["the mill"])
    let raw = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/out/tokens-00000.bin"))
    #expect(raw.count == 2 * shards.count)
    #expect(Array(raw) == shards.ids(in: 0..<shards.count).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    let info = try TokenShardInfo(path: folder.path + "/out/tokens-00000.json")
    #expect(
      info
        == TokenShardInfo(
          type: .uint16, tokenizer: tokenizer.fingerprint, vocabularySize: 607, count: shards.count, documents: 1,
          bytes: 8))
  }

  @Test func aLargeVocabularyTakesFourBytes() throws {
    // Ids are bounded by the size of the file.
    let json =
      String(decoding: tokenizer.json(), as: UTF8.self).replacingOccurrences(of: #""!":1,"#, with: #""!":70000,"#)
      + String(repeating: " ", count: 70_000)
    let large = try Tokenizer(json: Array(json.utf8))
    var writer = TokenShardWriter(folder: folder.path, tokenizer: large)
    try writer.append([1, 70_000, 2], bytes: 9)
    try writer.finish()
    let shards = try TokenShards(path: folder.path)
    #expect(shards.ids(in: 0..<3) == [1, 70_000, 2])
    #expect(writer.finished.map(\.type) == [.uint32])
    #expect(TokenType(idsBelow: 65_536) == .uint16)
    #expect(TokenType(idsBelow: 65_537) == .uint32)
  }

  @Test(arguments: [
    ("\"count\" : 1000", "\"count\" : 9000000000000000000", "counts 9000000000000000000 ids"),
    ("\"count\" : 1000", "\"count\" : 999", "counts 999 ids of type uint16, but the shard has 2000 bytes"),
    ("\"count\" : 1000", "\"count\" : -5", "not a count"), ("\"count\"", "\"cuont\"", "count is missing"),
    ("uint16", "float8", "not \"uint16\" or \"uint32\""), ("}", "", "ends too early"),
    ("\"documents\" : ", "\"documents\" : \"a\" ", "'}' is missing"),
  ])
  func aDamagedSideCarIsRefused(old: String, new: String, message: String) throws {
    _ = try encoded(documents)
    let path = folder.path + "/out/tokens-00000.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try #require(text.contains(old))
    try folder.write("out/tokens-00000.json", text.replacingOccurrences(of: old, with: new))
    let error = #expect(throws: MohawkError.self) { try TokenShards(path: folder.path + "/out") }
    #expect(error?.description.contains("tokens-00000") == true)
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test func aTruncatedShardIsRefused() throws {
    _ = try encoded(documents)
    let path = folder.path + "/out/tokens-00000.bin"
    let raw = try Data(contentsOf: URL(fileURLWithPath: path))
    try folder.write("out/tokens-00000.bin", raw.dropLast(1))
    #expect(#expect(throws: MohawkError.self) { try TokenShards(path: path) }?.code == .truncatedFile)
    try folder.write("out/tokens-00000.bin", raw)
    try FileManager.default.removeItem(atPath: folder.path + "/out/tokens-00000.json")
    let error = #expect(throws: MohawkError.self) { try TokenShards(path: path) }
    #expect(error?.message.contains("no side-car") == true)
  }

  @Test func aShardThatIsMissingIsNamed() throws {
    _ = try encoded(documents, tokensPerShard: 100)
    let out = folder.path + "/out"
    let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { $0.hasSuffix(".bin") }.sorted()
    try #require(names.count > 3)
    for hasList in [true, false] {
      if !hasList { try FileManager.default.removeItem(atPath: out + "/shards.json") }
      for gone in [0, 1, names.count - 1] {
        for takesSideCar in [false, true] where hasList || !takesSideCar || gone < names.count - 1 {
          let copy = folder.path + "/copy"
          try? FileManager.default.removeItem(atPath: copy)
          try FileManager.default.copyItem(atPath: out, toPath: copy)
          try FileManager.default.removeItem(atPath: "\(copy)/\(names[gone])")
          if takesSideCar { try FileManager.default.removeItem(atPath: "\(copy)/\(names[gone].dropLast(3))json") }
          let error = #expect(throws: MohawkError.self) { try TokenShards(path: copy) }
          #expect(error?.code == .missingFile && error?.location == "\(copy)/\(names[gone])", "\(hasList) \(gone)")
        }
      }
    }
  }

  @Test func aShardWhoseBytesHaveChangedIsNamed() throws {
    _ = try encoded(documents, tokensPerShard: 100)
    let path = folder.path + "/out/tokens-00001.bin"
    var raw = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    raw[20] ^= 1
    try folder.write("out/tokens-00001.bin", raw)
    for opened in [folder.path + "/out", path] {
      let error = #expect(throws: MohawkError.self) { try TokenShards(path: opened) }
      #expect(error?.location == path && error?.message.contains("has changed") == true)
    }
    _ = try TokenShards(path: folder.path + "/out/tokens-00000.bin")
  }

  @Test func aShardOfAnotherTextIsRefused() throws {
    _ = try encoded(documents)
    for suffix in ["bin", "json"] {
      try FileManager.default.copyItem(
        atPath: folder.path + "/out/tokens-00000." + suffix, toPath: folder.path + "/out/tokens-00099." + suffix)
    }
    let error = #expect(throws: MohawkError.self) { try TokenShards(path: folder.path + "/out") }
    #expect(error?.location?.hasSuffix("tokens-00099.bin") == true && error?.code == .mismatch)
  }

  @Test func severalFoldersAreOneSequence() throws {
    let first = try encoded(documents)
    let second = try TokenShards.encode(
      try Corpus(paths: [folder.write("b.txt", "the mill")]), with: tokenizer, to: folder.path + "/second")
    let both = try TokenShards(paths: [folder.path + "/out", folder.path + "/second/tokens-00000.bin"])
    #expect(both.ids(in: 0..<both.count) == first.ids(in: 0..<first.count) + second.ids(in: 0..<second.count))
    #expect(both.documents == 51)
  }

  @Test func anotherTokenizerIsRefused() throws {
    _ = try encoded(documents)
    let error = #expect(throws: MohawkError.self) { try TokenShards(path: folder.path + "/out", tokenizer: "0123") }
    #expect(error?.code == .mismatch)
  }

  @Test func anIDOutsideTheModelIsFound() throws {
    let shards = try encoded(documents, tokensPerShard: 100)
    let ids = shards.ids(in: 0..<shards.count)
    let highest = ids.max()!
    try shards.checkIDs(below: Int(highest) + 1)
    let error = #expect(throws: MohawkError.self) { try shards.checkIDs(below: Int(highest)) }
    let position = ids.firstIndex(of: highest)!
    #expect(error?.message.contains("the id \(highest) at position \(position % 100)") == true)
    #expect(error?.location?.hasSuffix("tokens-0000\(position / 100).bin") == true)
  }

  @Test func anInterruptionLeavesNothing() throws {
    let path = try folder.write("a.txt", "some text")
    let error = #expect(throws: MohawkError.self) {
      try TokenShards.encode(Corpus(paths: [path]), with: tokenizer, to: folder.path + "/out", shouldStop: { true })
    }
    #expect(error?.code == .interrupted)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.txt"])
  }

  @Test func aFolderInUseIsNotReplaced() throws {
    let path = try folder.write("out/precious.txt", "some text")
    let error = #expect(throws: MohawkError.self) {
      try TokenShards.encode(Corpus(paths: [path]), with: tokenizer, to: folder.path + "/out")
    }
    #expect(error?.code == .alreadyInUse)
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test func progressReachesTheSize() throws {
    let path = try folder.write("a.txt", String(repeating: "the mill ", count: 300_000))
    var last = (0, 0)
    var calls = 0
    let corpus = try Corpus(paths: [path])
    _ = try TokenShards.encode(
      corpus, with: tokenizer, to: folder.path + "/out",
      progress: { read, size in
        #expect(read >= last.0)
        last = (read, size)
        calls += 1
      })
    #expect(last == (2_700_000, 2_700_000))
    #expect(calls >= 3)
  }

  @Test func anEmptyFolderHoldsNoShards() throws {
    #expect(#expect(throws: MohawkError.self) { try TokenShards(path: folder.path) }?.code == .missingFile)
    #expect(#expect(throws: MohawkError.self) { try TokenShards(path: folder.path + "/none") }?.code == .missingFile)
  }
}
