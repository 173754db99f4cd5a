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
    (#""normalizer":null"#, #""normalizer":{"type":"NFC"}"#, #"normalizer is "NFC""#),
    (#""truncation":null"#, #""truncation":{"max_length":5}"#, "truncation is an object"),
    (#""dropout":null"#, #""dropout":0.1"#, "model.dropout is 0.1"),
    (#""byte_fallback":false"#, #""byte_fallback":true"#, "model.byte_fallback is true"),
    (#""ignore_merges":false"#, #""ignore_merges":true"#, "model.ignore_merges is true"),
    (#""unk_token":null"#, #""unk_token":"<unk>""#, #"model.unk_token is "<unk>""#),
    (#""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#, #"model.end_of_word_suffix is "</w>""#),
    (
      #""post_processor":null"#, #""post_processor":{"type":"TemplateProcessing"}"#,
      #"post_processor is "TemplateProcessing""#
    ),
    (
      #""pre_tokenizer":{"type":"ByteLevel""#, #""pre_tokenizer":{"type":"Sequence""#,
      #"pre_tokenizer.type is "Sequence""#
    ),
    (#""add_prefix_space":false"#, #""add_prefix_space":true"#, "pre_tokenizer.add_prefix_space is true"),
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
    #expect(refusal(try changed(#""merges":[["#, #""merges":["a b c",["#))?.message.contains("merge 0") == true)
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

  @Test func idsWithAGapAreKept() throws {
    let tokenizer = try Tokenizer(json: try changed(#""id":606"#, #""id":700"#))
    #expect(tokenizer.vocabularySize == 607)
    #expect(tokenizer.highestID == 700)
    #expect(tokenizer.encode("<padding>") == [700])
    let error = #expect(throws: MohawkError.self) { try tokenizer.decode([650]) }
    #expect(error?.message.contains("650") == true)
    #expect(try Tokenizer(json: tokenizer.json()).fingerprint == tokenizer.fingerprint)
  }

  @Test(arguments: [
    (#""!":1,"#, #""!":2,"#, "belongs to two tokens"), (#""!":1,"#, #""!":-1,"#, "ids from 0 to"),
    (#""!":1,"#, #""!":4000000000,"#, "ids from 0 to"), (#""!":1,"#, #""!":1.5,"#, "not an integer"),
    (#""!":1,"#, #""!":1,"!":800,"#, "twice"), (#""!":1,"#, "", #"no token "!" for the byte 33"#),
    (#""id":606"#, #""id":605"#, "two added tokens have the id 605"),
    (#""id":606"#, #""id":300"#, "which the vocabulary uses already"), (#""id":606"#, #""id":"6""#, "has no id"),
    (#""<padding>""#, #""""#, "is empty"), (#""special":true"#, #""special":1"#, "not true or false"),
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
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
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
