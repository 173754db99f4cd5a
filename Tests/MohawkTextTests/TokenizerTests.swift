import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct TokenizerTests {
  let tokenizer = TokenizerGoldens.tokenizer

  @Test func arbitraryBytesComeBack() throws {
    var random = SeededGenerator(seed: 1)
    for length in [1, 2, 5, 15, 16, 17, 48, 49, 100, 1000, 5000] {
      for _ in 0..<20 {
        let bytes = (0..<length).map { _ in UInt8(random.next(below: 256)) }
        let ids = tokenizer.encode(bytes, special: .asText)
        #expect(try tokenizer.decodeBytes(ids) == bytes)
      }
    }
  }

  @Test func allWaysToEncodeAgree() {
    let text = "It's the mill, où 水 <|endoftext|>."
    let ids = tokenizer.encode(text)
    #expect(tokenizer.encode(Array(text.utf8)) == ids)
    #expect(tokenizer.encode(Data(text.utf8)) == ids)
    #expect(tokenizer.encode(Data()) == [])
    #expect(tokenizer.encode([UInt8]()) == [])
  }

  @Test func aWordMergesTheSameByHeapAndByScanning() {
    // Beyond 48 symbols a heap does the merging; a slow and obvious version says what is right.
    var random = SeededGenerator(seed: 2)
    for length in [2, 10, 47, 48, 49, 50, 200, 999] {
      let letters = Array("themilrvund".utf8)
      let word = (0..<length).map { _ in letters[random.next(below: letters.count)] }
      #expect(tokenizer.encode(word) == slowMerge(word))
    }
    for length in 40..<60 {
      #expect(
        tokenizer.encode(String(repeating: "l", count: length)) == slowMerge(Array(repeating: 0x6C, count: length)))
    }
  }

  @Test func aMegabyteWithoutABorderIsEncodedInTime() throws {
    let word = [UInt8](repeating: UInt8(ascii: "l"), count: 1_000_000)
    #expect(try tokenizer.decodeBytes(tokenizer.encode(word)) == word)
  }

  @Test func manyThreadsMayEncodeAtOnce() async {
    let cases = TokenizerGoldens.all.cases
    let tokenizer = tokenizer
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { cases.allSatisfy { tokenizer.encode($0.text) == $0.ids } } }
      for await isEqual in group { #expect(isEqual) }
    }
  }

  @Test func aCacheThatOverflowsStaysRight() throws {
    var random = SeededGenerator(seed: 4)
    let words = (0..<80_000).map { _ in " \(String(random.next(), radix: 36))" }
    let text = Array(words.joined().utf8)
    #expect(try tokenizer.decodeBytes(tokenizer.encode(text)) == text)
    #expect(tokenizer.encode(words[79_999]) == Tokenizer.fresh(tokenizer).encode(words[79_999]))
  }

  @Test func unknownIDsAreNamed() {
    for id in [Int32(607), -1, .max, .min] {
      let error = #expect(throws: MohawkError.self) { try tokenizer.decode([5, id]) }
      #expect(error?.code == .outOfRange)
      #expect(error?.message.contains("\(id) is not in the vocabulary of 607") == true)
    }
  }

  @Test func specialTokensCanBeLeftOut() throws {
    let ids = tokenizer.encode("a<|endoftext|>b<pad>")
    #expect(try tokenizer.decode(ids) == "a<|endoftext|>b<pad>")
    #expect(try tokenizer.decode(ids, skippingSpecial: true) == "ab<pad>")
  }

  @Test func aStreamNeverShowsABrokenCharacter() throws {
    let bytes = Array("水🙂é👩‍👩‍👧 the नदी mill".utf8)
    // One token per byte is the hardest case.
    var stream = StreamingDecoder(tokenizer)
    var text = ""
    for byte in bytes {
      let part = try stream.append(tokenizer.byteIDs[Int(byte)])
      #expect(!part.unicodeScalars.contains("\u{FFFD}"))
      text += part
    }
    #expect(stream.finish() == "")
    #expect(Array(text.utf8) == bytes)
  }

  @Test func aStreamOfBrokenBytesEqualsTheWhole() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<3000 {
      // Leads and continuations, so that every kind of broken sequence occurs.
      let bytes = (0..<12).map { _ in
        [0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xFF][random.next(below: 12)] as UInt8
      }
      let ids = bytes.map { tokenizer.byteIDs[Int($0)] }
      var stream = StreamingDecoder(tokenizer)
      let parts = try ids.map { try stream.append($0) }.joined() + stream.finish()
      #expect(Array(parts.unicodeScalars) == Array(try tokenizer.decode(ids).unicodeScalars), "\(bytes)")
    }
  }

  private func slowMerge(_ word: [UInt8]) -> [Int32] {
    var ids = word.map { tokenizer.byteIDs[Int($0)] }
    for pair in tokenizer.merges.pairs {
      let merged = tokenizer.id(of: tokenizer.token(pair.left)! + tokenizer.token(pair.right)!)!
      var index = 0
      while index + 1 < ids.count {
        if ids[index] == pair.left, ids[index + 1] == pair.right {
          ids.replaceSubrange(index...index + 1, with: [merged])
        }
        index += 1
      }
    }
    return ids
  }
}

extension Tokenizer {
  /// The same tokenizer with an empty cache.
  static func fresh(_ tokenizer: Tokenizer) -> Tokenizer { try! Tokenizer(json: tokenizer.json()) }
}
