import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct TokenizerReadingTests {
  /// The golden file with one piece of text replaced.
  private func changed(_ old: String, _ new: String) throws -> [UInt8] {
    let text = try String(contentsOfFile: TokenizerGoldens.folder + "/tokenizer.json", encoding: .utf8)
    try #require(text.contains(old))
    return Array(text.replacingOccurrences(of: old, with: new).utf8)
  }

  private func refusal(_ json: [UInt8]) -> MohawkError? {
    #expect(throws: MohawkError.self) { try Tokenizer(json: json, location: "x.json") }
  }

  @Test(arguments: [
    (#""type":"BPE""#, #""type":"Unigram""#, #"model.type is "Unigram""#),
    (#""version":"1.0""#, #""version":"2.0""#, #"version is "2.0""#),
    (#""normalizer":null"#, #""normalizer":{"type":"Nmt"}"#, #"normalizer is "Nmt""#),
    (
      #""normalizer":null"#, #""normalizer":{"type":"Sequence","normalizers":[{"type":"Precompiled"}]}"#,
      #"normalizer.normalizers[0] is "Precompiled""#
    ),
    (#""dropout":null"#, #""dropout":0.1"#, "model.dropout is 0.1"),
    (#""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#, #"model.end_of_word_suffix is "</w>""#),
    (#""post_processor":null"#, #""post_processor":{"type":"Other"}"#, #"post_processor is "Other""#),
    (#""pre_tokenizer":{"type":"ByteLevel""#, #""pre_tokenizer":{"type":"Bert""#, #"pre_tokenizer is "Bert""#),
    (#""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"WordPiece""#, #"decoder is "WordPiece""#),
    (
      #""pre_tokenizer":{"type":"ByteLevel""#,
      #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"a+?"},"behavior":"Isolated","invert":false"#,
      #"the regular expression "a+?", which is not supported: a quantifier that takes as little as possible"#
    ),
  ])
  func anUnsupportedFeatureIsNamedWithItsValue(old: String, new: String, message: String) throws {
    let error = refusal(try changed(old, new))
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    #expect(error?.location == "x.json")
  }

  @Test func aMergeOfAnUnknownTokenIsRefused() throws {
    let error = refusal(try changed(#""merges":[["#, #""merges":[["Ġ","nowhere"],["#))
    #expect(error?.message == #"merge 0 names the token "nowhere", which is not in the vocabulary"#)
  }

  @Test func aMergeOfThreeIsRefused() throws {
    for merge in [#""a b c""#, #""ab""#, #"["a","b","c"]"#, #"["a"]"#, "7", "{}"] {
      let error = refusal(try changed(#""merges":[["#, #""merges":["# + merge + ",["))
      #expect(error?.message.contains("merge 0 is") == true, "\(merge)")
    }
  }

  @Test func aRepeatedMergeChangesNothingElse() throws {
    // The later rank of a repeated merge counts, as in the reference.
    let merges = #""merges":["#
    let first = try #require(TokenizerGoldens.tokenizer.merges.pairs.first)
    let names = [first.left, first.right].map { TokenizerGoldens.tokenizer.token($0)! }
    let json = try changed(merges, merges + #"["\#(names[0])","\#(names[1])"],"#)
    let copy = try Tokenizer(json: json)
    for golden in TokenizerGoldens.all.cases { #expect(copy.encode(golden.text) == golden.ids) }
  }

  @Test func anAddedTokenGetsTheNextIDWhateverTheFileSays() throws {
    // The reference does not read these ids; a model's rows are counted by what it gives.
    let tokenizer = try Tokenizer(json: try changed(#""id":606"#, #""id":700"#))
    #expect(tokenizer.vocabularySize == 607)
    #expect(tokenizer.highestID == 606)
    #expect(tokenizer.encode("<padding>") == [606])
  }

  @Test func idsWithAGapAreKept() throws {
    let tokenizer = try Tokenizer(json: try changed(#""!":1,"#, #""!":700,"#))
    #expect(tokenizer.vocabularySize == 607)
    #expect(tokenizer.highestID == 700)
    #expect(tokenizer.encode("!") == [700])
    #expect(tokenizer.token(650) == nil)
    let error = #expect(throws: MohawkError.self) { try tokenizer.decode([650]) }
    #expect(error?.message.contains("650") == true)
  }

  @Test func truncationAndPaddingChangeNothing() throws {
    let cut = try Tokenizer(json: try changed(#""truncation":null"#, #""truncation":{"max_length":2}"#))
    let whole = TokenizerGoldens.tokenizer
    #expect(cut.encode("a b c d e") == whole.encode("a b c d e"))
    #expect(cut.fingerprint == whole.fingerprint)
  }

  @Test(arguments: [
    (#""!":1,"#, #""!":2,"#, "belongs to two tokens"), (#""!":1,"#, #""!":-1,"#, "no token can have"),
    (#""!":1,"#, #""!":4000000000,"#, "no token can have"), (#""!":1,"#, #""!":1.5,"#, "not an integer"),
    (#""!":1,"#, #""!":65536,"#, "ids from 0 to 65535 are possible"),
    (#""!":1,"#, #""!":1,"!":800,"#, "twice"), (#""!":1,"#, #""!":604,"#, "which the vocabulary uses already"),
    (#""id":606"#, #""id":"6""#, "has no id"),
    (#""special":true"#, #""special":1"#, "not true or false"),
  ])
  func aDamagedVocabularyIsRefused(old: String, new: String, message: String) throws {
    let error = refusal(try changed(old, new))
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test func aTruncatedFileIsRefusedWherever() throws {
    let json = try changed(#""BPE""#, #""BPE""#)
    for end in stride(from: 0, to: json.count - 1, by: 97) { #expect(refusal(Array(json[..<end])) != nil) }
  }

  @Test func deepNestingIsRefused() {
    for key in ["x", "model", "added_tokens", "normalizer"] {
      let deep = Array(#"{"\#(key)":"#.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
      #expect(refusal(deep) != nil)
    }
    let deep = Array(#"{"x":"#.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(refusal(deep)?.message.contains("nested") == true)
    let objects = Array(String(repeating: #"{"a":"#, count: 200_000).utf8)
    #expect(refusal(objects)?.message.contains("nested") == true)
  }

  @Test func theFingerprintTellsTokenizersApart() throws {
    let plain = TokenizerGoldens.tokenizer.fingerprint
    let other = try Tokenizer(json: try changed(#""<padding>""#, #""<padding2>""#)).fingerprint
    #expect(plain != other)
    let merged = try Tokenizer(json: try changed(#""lstrip":true"#, #""lstrip":false"#)).fingerprint
    #expect(plain != merged)
  }
}
