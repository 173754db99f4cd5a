import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

/// What the PyPI package `tokenizers` makes of text with tiny tokenizers of many families, written by
/// Scripts/goldens/tokenizer_goldens.py.
struct FamilyGoldens: Decodable {
  struct Family: Decodable, CustomTestStringConvertible {
    struct Decoding: Decodable {
      let ids: [Int32]
      let all: String
      let readable: String
    }

    let name: String
    let tokenizer: String
    let prefix: [Int32]
    let suffix: [Int32]
    let texts: [String]
    let ids: [[Int32]]
    let decoded: [String?]
    let decodings: [Decoding]

    var testDescription: String { name }
    var opened: Tokenizer { get throws { try Tokenizer(json: Array(tokenizer.utf8), location: name) } }
    var allTexts: [String] { FamilyGoldens.all.texts + texts }
  }

  let texts: [String]
  let families: [Family]

  static let all = try! JSONDecoder().decode(
    FamilyGoldens.self,
    from: Data(contentsOf: URL(fileURLWithPath: TokenizerGoldens.folder + "/tokenizer-families.json")))
}

@Suite struct TokenizerFamilyTests {
  @Test(arguments: FamilyGoldens.all.families)
  func idsEqualTheReference(family: FamilyGoldens.Family) throws {
    let tokenizer = try family.opened
    #expect(family.ids.count == family.allTexts.count)
    for (text, ids) in zip(family.allTexts, family.ids) {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.encode(text, addingSpecial: true) == family.prefix + ids + family.suffix)
    }
  }

  @Test(arguments: FamilyGoldens.all.families)
  func decodingEqualsTheReference(family: FamilyGoldens.Family) throws {
    let tokenizer = try family.opened
    for (index, text) in family.allTexts.enumerated() {
      let decoded = try tokenizer.decode(family.ids[index])
      #expect(equal(decoded, family.decoded[index] ?? text))
    }
    for golden in family.decodings {
      let all = try tokenizer.decode(golden.ids)
      let readable = try tokenizer.decode(golden.ids, skippingSpecial: true)
      #expect(equal(all, golden.all) && equal(readable, golden.readable), "\(golden.ids)")
    }
  }

  @Test(arguments: FamilyGoldens.all.families)
  func aStreamEqualsTheWhole(family: FamilyGoldens.Family) throws {
    let tokenizer = try family.opened
    for ids in family.ids + family.decodings.map(\.ids) {
      var decoder = StreamingDecoder(tokenizer)
      let parts = try ids.map { try decoder.append($0) }.joined() + decoder.finish()
      let whole = try tokenizer.decode(ids)
      #expect(equal(parts, whole))
    }
    let text = Array(family.allTexts.joined(separator: " and then ").utf8)
    let whole = tokenizer.encode(text)
    for size in [1, 7, 64, 1000] {
      var encoder = StreamingEncoder(tokenizer)
      var ids: [Int32] = []
      for start in stride(from: 0, to: text.count, by: size) {
        text[start..<min(text.count, start + size)].withUnsafeBufferPointer { encoder.append($0, into: &ids) }
      }
      encoder.finish(into: &ids)
      #expect(ids == whole)
    }
  }

  @Test(arguments: FamilyGoldens.all.families)
  func aFileIsWrittenBackAsItWas(family: FamilyGoldens.Family) throws {
    let tokenizer = try family.opened
    #expect(tokenizer.json() == Array(family.tokenizer.utf8))
    let folder = try TemporaryFolder()
    try tokenizer.write(to: folder.path + "/tokenizer.json")
    let copy = try Tokenizer(path: folder.path + "/tokenizer.json")
    #expect(copy.fingerprint == tokenizer.fingerprint && copy.json() == tokenizer.json())
  }

  @Test func everyFamilyHasItsOwnFingerprint() throws {
    let prints = try FamilyGoldens.all.families.map { try $0.opened.fingerprint }
    #expect(Set(prints).count == prints.count && prints.count > 20)
  }

  @Test(arguments: [
    (#""ignore_merges":false"#, #""ignore_merges":true"#), (#""fuse_unk":true"#, #""fuse_unk":false"#),
    (#""byte_fallback":true"#, #""byte_fallback":false"#), (#""prepend":"▁""#, #""prepend":"▁▁""#),
    (#""content":"▁"}"#, #""content":"_"}"#), (#""unk_token":"<unk>""#, #""unk_token":"</s>""#),
    (#""ids":[1]"#, #""ids":[2]"#), (#""pre_tokenizer":null"#, #""pre_tokenizer":{"type":"WhitespaceSplit"}"#),
  ])
  func theFingerprintSeesWhatDecidesIDs(old: String, new: String) throws {
    let family = try #require(FamilyGoldens.all.families.first { $0.name == "tinyllama" })
    try #require(family.tokenizer.contains(old))
    let changed = family.tokenizer.replacingOccurrences(of: old, with: new)
    let (one, other) = (try family.opened, try Tokenizer(json: Array(changed.utf8)))
    #expect(one.fingerprint != other.fingerprint)
  }

  @Test func wholeBytesComeBackWhereTheTextCannot() throws {
    // "<0xE4>" alone is no text: the reference shows U+FFFD, the bytes are there all the same.
    let family = try #require(FamilyGoldens.all.families.first { $0.name == "gemma" })
    let tokenizer = try family.opened
    let bytes: [UInt8] = [0xE4, 0xB8, 0xFF, 0x61]
    let ids = tokenizer.encode(bytes)
    #expect(try tokenizer.decodeBytes(ids) == bytes)
    #expect(try tokenizer.decode(ids) == "\u{FFFD}\u{FFFD}\u{FFFD}a")
  }

  /// Equal scalar by scalar: `==` takes canonically equal texts for the same.
  private func equal(_ left: String, _ right: String) -> Bool { Array(left.utf8) == Array(right.utf8) }
}
