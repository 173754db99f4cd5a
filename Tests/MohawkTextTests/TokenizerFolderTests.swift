import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct TokenizerFolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func family(_ name: String) throws -> FamilyGoldens.Family {
    try #require(FamilyGoldens.all.families.first { $0.name == name })
  }

  private func write(_ name: String, _ text: String) throws { try folder.write(name, Data(text.utf8)) }

  @Test func rolesComeFromTheConfiguration() throws {
    try write("tokenizer.json", family("qwen-2").tokenizer)
    let plain = try Tokenizer(folder: folder.path)
    #expect(plain.endOfText == plain.id(of: "<|endoftext|>"))
    #expect(plain.beginningOfText == nil && plain.padding == nil && plain.textPrefix == [])
    try write("special_tokens_map.json", #"{"eos_token": "<think>", "pad_token": {"content": "<|endoftext|>"}}"#)
    try write(
      "tokenizer_config.json",
      #"{"x": [{}], "eos_token": {"content": "<|im_end|>", "lstrip": false}, "bos_token": null}"#)
    let told = try Tokenizer(folder: folder.path)
    #expect(told.endOfText == told.id(of: "<think>"))
    #expect(told.padding == told.id(of: "<|endoftext|>"))
    #expect(told.beginningOfText == nil)
    #expect(told.fingerprint == plain.fingerprint)
  }

  @Test func theTemplateSaysWhatATextBeginsWith() throws {
    try write("tokenizer.json", family("mistral").tokenizer)
    try write("tokenizer_config.json", #"{"bos_token": "</s>"}"#)
    let tokenizer = try Tokenizer(folder: folder.path)
    #expect(tokenizer.textPrefix == [1])
    #expect(tokenizer.beginningOfText == 1)
    #expect(tokenizer.endOfText == tokenizer.id(of: "</s>"))
  }

  @Test(arguments: [
    (#"{"eos_token": 7}"#, "eos_token is 7"),
    (#"{"eos_token": {"a": 1}}"#, "names no token"), (#"["#, "this is no object"), (#"{"a": 1"#, "ends too early"),
    ("", "too early"),
  ])
  func aWrongConfigurationIsRefused(configuration: String, message: String) throws {
    try write("tokenizer.json", family("qwen-2").tokenizer)
    try write("tokenizer_config.json", configuration)
    let error = #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test func aFolderWithoutATokenizerIsRefused() throws {
    #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path + "/missing") }
    #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    try write("tokenizer.model", "\u{A}")
    let error = #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.remedy?.contains("save_pretrained") == true)
  }

  @Test(arguments: ["gpt-2", "qwen-2"])
  func theOldPairOfFilesGivesTheSameIDs(style: String) throws {
    let family = try family(style == "qwen-2" ? "qwen-2" : "bytes-whole")
    let root = try #require(JSONSerialization.jsonObject(with: Data(family.tokenizer.utf8)) as? [String: Any])
    let model = try #require(root["model"] as? [String: Any])
    let merges = try #require(model["merges"] as? [[String]])
    try folder.write("vocab.json", JSONSerialization.data(withJSONObject: model["vocab"]!))
    try write("merges.txt", "#version: 0.2\n" + merges.map { $0.joined(separator: " ") + "\n" }.joined())
    if style == "qwen-2" {
      let added = try #require(root["added_tokens"] as? [[String: Any]])
      let decoder = Dictionary(uniqueKeysWithValues: added.map { ("\($0["id"]!)", $0) })
      let configuration: [String: Any] = [
        "tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder, "eos_token": "<|im_end|>",
      ]
      try folder.write("tokenizer_config.json", JSONSerialization.data(withJSONObject: configuration))
    }
    let tokenizer = try Tokenizer(folder: folder.path)
    if style == "qwen-2" {
      for (text, ids) in zip(family.allTexts, family.ids) { #expect(tokenizer.encode(text) == ids) }
      #expect(tokenizer.endOfText == tokenizer.id(of: "<|im_end|>"))
      #expect(try Tokenizer(json: tokenizer.json()).fingerprint == family.opened.fingerprint)
    } else {
      // GPT-2's words, and its one added token after the vocabulary.
      let cut = family.tokenizer.replacingOccurrences(of: #""use_regex":false"#, with: #""use_regex":true"#)
      let expected = try Tokenizer(json: Array(cut.utf8))
      for text in family.allTexts where !text.contains("<s>") {
        #expect(tokenizer.encode(text) == expected.encode(text))
      }
      #expect(tokenizer.endOfText == tokenizer.highestID)
    }
  }

  @Test func anOldPairOfAnotherKindIsRefused() throws {
    try write("vocab.json", "{}")
    try write("merges.txt", "a b\n")
    try write("tokenizer_config.json", #"{"tokenizer_class": "CLIPTokenizer"}"#)
    let error = #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.message.contains("CLIPTokenizer") == true)
    try write("tokenizer_config.json", #"{"tokenizer_class": "GPT2Tokenizer"}"#)
    #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    // What closes the object that the vocabulary becomes a part of must not pass.
    try write("vocab.json", #"{"a": 1}, "merges": [] "x": {}"#)
    #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
  }

  @Test func shardsBeginDocumentsAsTheTemplateSays() throws {
    let tokenizer = try family("mistral").opened
    try write("a.jsonl", "{\"text\": \"the mill\"}\n{\"text\": \"a\"}\n")
    let corpus = try Corpus(paths: [folder.path + "/a.jsonl"])
    let shards = try TokenShards.encode(corpus, with: tokenizer, to: folder.path + "/out")
    let expected = [1] + tokenizer.encode("the mill") + [2, 1] + tokenizer.encode("a") + [2]
    #expect(shards.ids(in: 0..<shards.count) == expected)
  }
}
