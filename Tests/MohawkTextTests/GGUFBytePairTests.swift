import Foundation
import MohawkFiles
import MohawkGGUF
import Testing

@testable import MohawkText

/// Tokenizers of the kind `gpt2`.
@Suite struct GGUFBytePairTests {
  private static let numbers = ["1 2", "12 3", "123 4", "Ġ a", "a b", "Ġa b"]

  private func words(_ tokenizer: Tokenizer, _ text: String) -> [String] {
    tokenizer.encode(text).map { tokenizer.token($0)! }
  }

  @Test func mergesAreThoseOfTheFile() throws {
    let tokenizer = try GGUFVocabularies.bytePairs(["a b", "ab c", "Ġ ab", "é x"]).tokenizer()
    #expect(words(tokenizer, "abc ab é") == ["abc", "Ġab", "Ġ", "Ã", "©"])
    #expect(tokenizer.encode("abc") == [257])
    #expect(try tokenizer.decode(tokenizer.encode("abc ab é\n")) == "abc ab é\n")
    #expect(tokenizer.vocabularySize == 261 && tokenizer.endOfText == 260)
  }

  @Test(arguments: [
    ("gpt-2", ["1234", "Ġab"]), ("default", ["123", "4", "Ġab"]), ("llama-bpe", ["123", "4", "Ġab"]),
    ("qwen2", ["1", "2", "3", "4", "Ġab"]), ("smollm", ["1", "2", "3", "4", "Ġab"]),
    ("falcon", ["123", "4", "Ġab"]), ("bloom", ["1234", "Ġab"]), ("viking", ["1", "2", "3", "4", "Ġab"]),
  ])
  func theNameDecidesHowTextIsCut(pre: String, expected: [String]) throws {
    let bos = GGUFValue.uint32(0)
    let tokenizer = try GGUFVocabularies.bytePairs(Self.numbers, pre: pre).with("bos_token_id", bos).tokenizer()
    #expect(words(tokenizer, "1234 ab") == expected)
  }

  @Test func withoutANameTheDefaultIsTaken() throws {
    let missing = try GGUFVocabularies.bytePairs(Self.numbers, pre: nil).tokenizer()
    let named = try GGUFVocabularies.bytePairs(Self.numbers, pre: "default").tokenizer()
    #expect(missing.fingerprint == named.fingerprint)
  }

  @Test(arguments: GGUFPreTokenizer.known.keys.sorted())
  func everyKnownNameCutsTextWithoutLoss(pre: String) throws {
    let tokenizer = try GGUFVocabularies.bytePairs(Self.numbers, pre: pre).with("bos_token_id", .uint32(7)).tokenizer()
    for text in ["", " It's 1234\r\n\n\tDON'T  fooBar ", "漢字かな, हिन्दी! ไทย 🙂 <x>_y/z", "a\u{2029}b 가 …“”"] {
      #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
    }
  }

  /// Merges that make each of the words, and then join them: they come out as they are only if they are cut so.
  private static func merges(_ words: [String]) -> [String] {
    var merges: [String] = []
    func chain(_ parts: [String]) {
      for end in parts.indices.dropFirst() { merges.append("\(parts[..<end].joined()) \(parts[end])") }
    }
    let spelled = words.map { word in
      word.unicodeScalars.map { scalar in
        let bytes = UTF8.encode(scalar)!.map { String(ByteAlphabet.scalars[Int($0)]) }
        chain(bytes)
        return bytes.joined()
      }
    }
    for word in spelled { chain(word) }
    chain(spelled.map { $0.joined() })
    return merges
  }

  @Test(arguments: [
    ("gpt-4o", ["foo", "Bar's", " x", "//\n"]), ("tekken", ["foo", "Bar", "'s", " ", "1", "2"]),
    ("youtu", ["fooBar's", "가", "x"]), ("deepseek-v3", ["a", "_b", "漢字", "123", "4"]),
    ("spark2_5", ["a", "!!", "\n", "\n", "1", "2"]), ("deepseek-coder", ["\n", " a", "!", "漢", "1", "2"]),
    ("bailingmoe", ["x", "\n\n", "'D"]), ("seed-coder", ["x", "!!", "\n"]), ("qwen2", ["x", "!!\n", "1", "2"]),
    ("ufakzeka", ["x", "'te"]), ("minicpm5", ["a", "123", "4"]), ("laguna", ["!", "\n", "a"]),
    ("qwen35", ["हिन्दी", "!"]), ("llama3", ["ह", "िन", "्द", "ी!", "123"]),
    ("chameleon", ["a", "  ", "b", "!", "!", "1"]),
    ("granite-embed-multi-97m", ["हिन्दीBar's", "X"]), ("bloom", ["a", ",", " b1"]), ("viking", ["a", ",", " b", "1"]),
    ("falcon", ["a", "`", "123", "4"]), ("default", ["a", "+", "123", "4"]), ("command-r", ["it", "'s", "1", "2"]),
  ])
  func wordsAreCutAsTheNameSays(pre: String, words: [String]) throws {
    let file = GGUFVocabularies.bytePairs(Self.merges(words), pre: pre).with("bos_token_id", .uint32(0))
    let tokenizer = try file.tokenizer()
    #expect(try tokenizer.encode(words.joined()).map { try tokenizer.decode([$0]) } == words)
  }

  @Test func wholeWordsNeedNoMergesWhereTheNameSaysSo() throws {
    func ids(_ pre: String) throws -> [Int32] {
      let made = GGUFVocabularies.bytePairs(["a b"], pre: pre).adding("xyz", 1).with("bos_token_id", .uint32(0))
      return try made.tokenizer().encode("xyz")
    }
    #expect(try ids("llama-bpe") == [258])
    #expect(try ids("smaug-bpe").count == 3)
  }

  @Test func ofARepeatedMergeTheFirstCounts() throws {
    // By the last one, `b c` would go before `a b`.
    let tokenizer = try GGUFVocabularies.bytePairs(["a b", "b c", "a b"]).tokenizer()
    #expect(words(tokenizer, "abc") == ["ab", "c"])
  }

  @Test func bytesWithoutATokenAreLeftOut() throws {
    let merges = GGUFValue.array(.string(["a b"]))
    let file = GGUFVocabularies.bytePairs(["a b"]).with("tokens", .array(.string(["a", "b", "ab"])))
      .with("token_type", nil).with("eos_token_id", nil).with("merges", merges)
    let tokenizer = try file.tokenizer()
    #expect(tokenizer.encode("abxa") == [2, 0])
    #expect(tokenizer.endOfText == nil && tokenizer.ends == [])
  }

  @Test func tokensWithoutTextHaveAName() throws {
    let tokenizer = try GGUFVocabularies.bytePairs(["a b"]).adding("", 1).adding("", 3).tokenizer()
    #expect(tokenizer.token(258) == "[EMPTY_258]" && tokenizer.token(259) == "[EMPTY_259]")
  }
}
