import Foundation
import MohawkFiles
import MohawkGGUF
import Testing

@testable import MohawkText

/// Tokenizers of the kind `llama`.
@Suite struct GGUFPieceTests {
  private static let letters: [(text: String, score: Float)] = [("▁", -90), ("a", -91), ("b", -92), ("c", -93)]

  private func words(_ tokenizer: Tokenizer, _ text: String) -> [String] {
    tokenizer.encode(text).map { tokenizer.token($0)! }
  }

  @Test func theHigherScoreMergesFirst() throws {
    let first = try GGUFVocabularies.pieces(Self.letters + [("ab", -1), ("bc", -2)]).tokenizer()
    #expect(words(first, "abc") == ["▁", "ab", "c"])
    let second = try GGUFVocabularies.pieces(Self.letters + [("ab", -2), ("bc", -1)]).tokenizer()
    #expect(words(second, "abc") == ["▁", "a", "bc"])
  }

  @Test func aSpaceGoesInFrontUnlessTheFileSaysOtherwise() throws {
    let file = GGUFVocabularies.pieces(Self.letters + [("▁a", -1)])
    let tokenizer = try file.tokenizer()
    #expect(words(tokenizer, "a a") == ["▁a", "▁a"])
    #expect(words(tokenizer, "a</s>a") == ["▁a", "</s>", "▁a"])
    #expect(try tokenizer.decode(tokenizer.encode("a a")) == "a a")
    let plain = try file.with("add_space_prefix", .bool(false)).tokenizer()
    #expect(words(plain, "a a") == ["a", "▁a"])
    #expect(try plain.decode(plain.encode(" a")) == " a")
  }

  @Test func charactersWithoutAPieceBecomeBytes() throws {
    let tokenizer = try GGUFVocabularies.pieces(Self.letters).tokenizer()
    #expect(words(tokenizer, "aé") == ["▁", "a", "<0xC3>", "<0xA9>"])
    #expect(try tokenizer.decode(tokenizer.encode("aé\n")) == "aé\n")
  }

  @Test func withoutBytesTheUnknownTokenStands() throws {
    let file = GGUFVocabularies.pieces([]).with("tokens", .array(.string(["<unk>", "a", "▁"])))
      .with("scores", .array(.float32([0, -1, -2]))).with("token_type", .array(.int32([2, 1, 1])))
      .with("bos_token_id", .int32(-1)).with("eos_token_id", .uint32(.max)).with("add_bos_token", .bool(false))
    #expect(try file.tokenizer().encode("aéüa") == [2, 1, 0, 1])
  }

  /// As llama.cpp merges: the neighbours whose token scores highest, the leftmost of equal ones.
  private func merged(_ text: String, _ scores: [String: Float]) -> [String] {
    var symbols = text.unicodeScalars.map { String($0) }
    while true {
      var best: (at: Int, score: Float)?
      for at in symbols.indices.dropLast() {
        guard let score = scores[symbols[at] + symbols[at + 1]], score > best?.score ?? -.infinity else { continue }
        best = (at, score)
      }
      guard let best else { return symbols }
      symbols[best.at] += symbols.remove(at: best.at + 1)
    }
  }

  @Test func mergesByRankAreThoseByScore() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<20 {
      var texts: Set<String> = []
      while texts.count < 14 {
        texts.insert(String((0..<2 + random.next(below: 3)).map { _ in "abc▁".randomElement(using: &random)! }))
      }
      let learnt = texts.sorted().shuffled(using: &random).enumerated().map { (text: $1, score: -Float($0)) }
      let tokenizer = try GGUFVocabularies.pieces(Self.letters + learnt).tokenizer()
      let scores = Dictionary(uniqueKeysWithValues: (Self.letters + learnt).map { ($0.text, $0.score) })
      for _ in 0..<20 {
        let text = String((0..<random.next(below: 24)).map { _ in "abc ".randomElement(using: &random)! })
        guard !text.isEmpty else { continue }
        #expect(words(tokenizer, text) == merged("▁" + text.replacing(" ", with: "▁"), scores), "\(learnt) \(text)")
      }
    }
  }

  @Test func runsOfPiecesWithOneScoreGrowFromTheLeft() throws {
    let runs = (2...5).map { (text: String(repeating: "▁", count: $0), score: Float(-1000)) }
    let tokenizer = try GGUFVocabularies.pieces(Self.letters + runs).tokenizer()
    let scores = Dictionary(uniqueKeysWithValues: (Self.letters + runs).map { ($0.text, $0.score) })
    for count in 1..<24 {
      let text = String(repeating: " ", count: count)
      #expect(words(tokenizer, text) == merged("▁" + text.replacing(" ", with: "▁"), scores))
    }
  }

  @Test func theFirstTokenGoesBeforeATextUnlessTheFileSaysOtherwise() throws {
    let file = GGUFVocabularies.pieces(Self.letters)
    let tokenizer = try file.tokenizer()
    #expect(tokenizer.textPrefix == [1] && tokenizer.textSuffix == [] && tokenizer.beginningOfText == 1)
    #expect(tokenizer.encode("a", addingSpecial: true) == [1, 259, 260])
    #expect(tokenizer.endOfText == 2 && tokenizer.ends == [2])
    let around = try file.with("add_bos_token", .bool(false)).with("add_eos_token", .bool(true)).tokenizer()
    #expect(around.textPrefix == [] && around.textSuffix == [2] && around.beginningOfText == 1)
  }
}
