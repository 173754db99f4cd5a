import Foundation
import MohawkFiles
import Synchronization
import Testing

@testable import MohawkText

/// Tokens that are defined beside `tokenizer.json`: ids and roles are those that `AutoTokenizer` of transformers 5.23 gives.
@Suite struct FolderTokenTests {
  /// 300 ids; `<|end|>`, `<s>` and `</s>` are the first three, and added tokens.
  private static let vocabulary: String = {
    let special = ["<|end|>", "<s>", "</s>"]
    let bytes = (0..<256).map { byte in String(decoding: ByteAlphabet.spelling(of: [UInt8(byte)]), as: UTF8.self) }
    let words = (0..<41).map { "word\($0)" }
    return (special + bytes + words).enumerated().map { "\(Self.quoted($1)): \($0)" }.joined(separator: ", ")
  }()
  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    JSONText.append(text.utf8, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
  private static let added = ["<|end|>", "<s>", "</s>"].enumerated().map {
    #"{"id": \#($0), "content": "\#($1)", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"#
  }
  private static let byteLevel =
    #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"#
  private static func file(added: [String] = added) -> String {
    #"{"version": "1.0", "added_tokens": [\#(added.joined(separator: ", "))], "normalizer": null, "pre_tokenizer": \#(byteLevel), "#
      + #""post_processor": null, "decoder": \#(byteLevel), "model": {"type": "BPE", "vocab": {\#(vocabulary)}, "merges": []}}"#
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var configuration = #"{"eos_token": "<|end|>"}"#
    var map: String?
    var dictionary: String?
    /// What stands beside the vocabulary, by id.
    let added: [String]
    var end: Int32? = 0
    var beginning: Int32?
    var padding: Int32?
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "none", added: []),
    Case(
      name: "added_tokens_decoder, in the order of its ids, which are not taken",
      configuration:
        #"{"eos_token": "<|end|>", "added_tokens_decoder": {"305": {"content": "<x>", "special": true}, "302": {"content": "<y>", "special": true}}}"#,
      added: ["<y>", "<x>"]),
    Case(
      name: "ids are numbers, not texts",
      configuration:
        #"{"eos_token": "<|end|>", "added_tokens_decoder": {"9": {"content": "<x>"}, "10": {"content": "<y>"}}}"#,
      added: ["<x>", "<y>"]),
    Case(
      name: "beside added_tokens_decoder the other files do not count",
      configuration:
        #"{"eos_token": "<|end|>", "pad_token": "<x>", "added_tokens_decoder": {"0": {"content": "<|end|>", "special": true}}}"#,
      map: #"{"pad_token": "[PAD]", "eos_token": "<y>"}"#, dictionary: #"{"<z>": 300}"#, added: ["<x>"], padding: 300),
    Case(
      name: "special_tokens_map goes before tokenizer_config",
      configuration: #"{"eos_token": "<|end|>", "pad_token": "<x>"}"#,
      map: #"{"pad_token": "[PAD]", "eos_token": "<y>"}"#, added: ["<y>", "[PAD]"], end: 300, padding: 301),
    Case(
      name: "lists of extra tokens",
      configuration: #"{"eos_token": "<|end|>", "additional_special_tokens": ["<x>", "<y>"]}"#,
      added: ["<x>", "<y>"]),
    Case(
      name: "such a list in the map", map: #"{"additional_special_tokens": ["<x>", "<y>"]}"#, added: ["<x>", "<y>"]),
    Case(
      name: "the newer list goes before the older",
      configuration:
        #"{"eos_token": "<|end|>", "extra_special_tokens": ["<x>"], "additional_special_tokens": ["<y>"]}"#,
      added: ["<x>"]),
    Case(
      name: "extra tokens with names",
      configuration: #"{"eos_token": "<|end|>", "extra_special_tokens": {"image_token": "<x>"}}"#,
      added: ["<x>"]),
    Case(
      name: "a name of the model's own", configuration: #"{"eos_token": "<|end|>", "image_token": "<x>"}"#,
      added: ["<x>"]),
    Case(
      name: "switches are no names",
      configuration: #"{"eos_token": "<|end|>", "add_bos_token": true, "bos_token": null}"#,
      added: []),
    Case(
      name: "roles in transformers' order, then lists, after added_tokens.json",
      configuration:
        #"{"eos_token": "<|end|>", "additional_special_tokens": ["<x>"], "pad_token": "[PAD]", "unk_token": "<u>", "bos_token": "<b>"}"#,
      dictionary: #"{"<z>": 300, "<y>": 301}"#, added: ["<z>", "<y>", "<b>", "<u>", "[PAD]", "<x>"], beginning: 302,
      padding: 304),
    Case(
      name: "ids of added_tokens.json are an order", dictionary: #"{"<x>": 310, "<y>": 305}"#, added: ["<y>", "<x>"]),
    Case(
      name: "what tokenizer.json has at an id goes before added_tokens.json", dictionary: #"{"<x>": 1, "<y>": 305}"#,
      added: ["<y>"]),
    Case(
      name: "a padding token that is nowhere", configuration: #"{"eos_token": "<|end|>", "pad_token": "[PAD]"}"#,
      added: ["[PAD]"], padding: 300),
    Case(
      name: "an object names a token too",
      configuration:
        #"{"eos_token": "<|end|>", "pad_token": {"content": "[PAD]", "lstrip": true, "__type": "AddedToken"}}"#,
      added: ["[PAD]"], padding: 300),
    Case(
      name: "empty names are none", configuration: #"{"eos_token": "<|end|>", "bos_token": "", "pad_token": ""}"#,
      added: []),
  ]

  private func open(_ files: [String: String?]) throws -> Tokenizer {
    let folder = try TemporaryFolder()
    for (name, text) in files { if let text { try folder.write(name, text) } }
    return try Tokenizer(folder: folder.path)
  }

  @Test(arguments: cases) func tokensBesideTheVocabularyAreThoseOfTransformers(_ item: Case) throws {
    let tokenizer = try open([
      "tokenizer.json": Self.file(), "tokenizer_config.json": item.configuration, "special_tokens_map.json": item.map,
      "added_tokens.json": item.dictionary,
    ])
    for (place, name) in item.added.enumerated() {
      #expect(tokenizer.encode(name) == [Int32(299 + 1 + place)], "\(name)")
    }
    #expect(tokenizer.highestID == 299 + Int32(item.added.count))
    #expect(tokenizer.endOfText == item.end && tokenizer.padding == item.padding)
    #expect(tokenizer.beginningOfText == item.beginning)
    // What is written is one file that says the same.
    let again = try Tokenizer(json: tokenizer.json())
    #expect(again.fingerprint == tokenizer.fingerprint)
  }

  @Test func aTokenOfTheVocabularyWithARoleIsMatchedInTexts() throws {
    let plain = try open(["tokenizer.json": Self.file()])
    #expect(plain.encode("word7").count > 1)
    let named = try open(["tokenizer.json": Self.file(), "tokenizer_config.json": #"{"eos_token": "word7"}"#])
    #expect(named.encode("word7") == [266] && named.highestID == 299 && named.endOfText == 266)
  }

  @Test func tokensAreSpecialWhereTransformersTakesThemFor() throws {
    let tokenizer = try open([
      "tokenizer.json": Self.file(),
      "tokenizer_config.json": #"{"eos_token": "<e>", "additional_special_tokens": ["<y>"]}"#,
      "added_tokens.json": #"{"<e>": 300, "<x>": 301, "<y>": 302}"#,
    ])
    let special = Set(tokenizer.addedTokens.filter(\.special).map(\.content))
    #expect(special == ["<|end|>", "<s>", "</s>", "<e>", "<y>"])
    #expect(tokenizer.addedTokens.filter(\.normalized).map(\.content) == ["<x>"])
  }

  /// The last definition's flags count, as in the package `tokenizers`.
  @Test func aTokenThatStandsTwiceIsOneWithTheLastFlags() throws {
    func entry(_ strips: Bool) -> String {
      #"{"id": 300, "content": "<x>", "single_word": false, "lstrip": \#(strips), "rstrip": false, "normalized": false, "special": false}"#
    }
    for strips in [true, false] {
      let tokenizer = try open(["tokenizer.json": Self.file(added: Self.added + [entry(!strips), entry(strips)])])
      #expect(tokenizer.encode("a  <x>").count == (strips ? 2 : 4))
      #expect(tokenizer.highestID == 300)
    }
    let changed = try open([
      "tokenizer.json": Self.file(added: Self.added + [entry(false)]),
      "tokenizer_config.json": #"{"added_tokens_decoder": {"300": {"content": "<x>", "lstrip": true}}}"#,
    ])
    #expect(changed.encode("a  <x>").count == 2)
  }

  @Test(arguments: [
    (#"{"added_tokens_decoder": {"x": {"content": "y"}}}"#, "without id and content"),
    (#"{"added_tokens_decoder": []}"#, "is no object"),
    (#"{"additional_special_tokens": [1]}"#, "a list of special tokens holds 1"),
    (#"{"split_special_tokens": true}"#, "split_special_tokens"),
  ]) func whatCannotBeMeantIsRefused(_ configuration: String, _ says: String) throws {
    let error = #expect(throws: MohawkError.self) {
      try open(["tokenizer.json": Self.file(), "tokenizer_config.json": configuration])
    }
    #expect(error?.message.contains(says) == true)
  }

  /// A model's type may name the class, and may overrule it.
  @Test(
    arguments: [
      ("gpt2", nil, true), ("gpt_neox", nil, true), ("llama", nil, false), ("llama", "GPT2Tokenizer", true),
      ("mistral", "GPT2Tokenizer", false), ("phi3", "GPT2Tokenizer", false),
      ("qwen3", "PreTrainedTokenizerFast", false),
    ] as [(String, String?, Bool)]) func theModelsTypeDecidesTheClass(_ model: String, _ style: String?, _ adds: Bool)
    throws
  {
    let named = style.map { #""tokenizer_class": "\#($0)", "# } ?? ""
    let tokenizer = try open([
      "config.json": #"{"model_type": "\#(model)"}"#, "tokenizer.json": Self.file(),
      "tokenizer_config.json": #"{\#(named)"add_prefix_space": true}"#,
    ])
    #expect(tokenizer.encode("a").count == (adds ? 2 : 1))
  }

  @Test func whereTheFlagIsNotGivenTheClassPutsNoSpace() throws {
    let prefixed = Self.file().replacingOccurrences(
      of: #""add_prefix_space": false"#, with: #""add_prefix_space": true"#)
    let plain = try open(["tokenizer.json": prefixed])
    let named = try open([
      "tokenizer.json": prefixed, "tokenizer_config.json": #"{"tokenizer_class": "GPT2Tokenizer"}"#,
    ])
    #expect(plain.encode("a").count == 2 && named.encode("a").count == 1)
  }

  /// The classes that cut by their own flag, and those that leave it to `tokenizer.json`.
  @Test(arguments: [
    ("GPT2Tokenizer", true), ("GPT2TokenizerFast", true), ("GPTNeoXTokenizerFast", true), ("CodeGenTokenizer", true),
    ("PreTrainedTokenizerFast", false), ("TokenizersBackend", false),
  ]) func aPrefixSpaceIsAddedWhereTheClassSaysSo(_ style: String, _ adds: Bool) throws {
    let tokenizer = try open([
      "tokenizer.json": Self.file(),
      "tokenizer_config.json": #"{"tokenizer_class": "\#(style)", "add_prefix_space": true}"#,
    ])
    #expect(tokenizer.encode("a").count == (adds ? 2 : 1))
    #expect(try Tokenizer(json: tokenizer.json()).encode("a").count == (adds ? 2 : 1))
  }

  @Test(arguments: ["GPT2Tokenizer", "Qwen2Tokenizer"]) func theOldPairOfFilesHasThemToo(_ style: String) throws {
    func files(_ more: String, _ dictionary: String?) -> [String: String?] {
      [
        "vocab.json": "{\(Self.vocabulary)}", "merges.txt": "#version: 0.2\n", "added_tokens.json": dictionary,
        "tokenizer_config.json":
          #"{"tokenizer_class": "\#(style)", "eos_token": "<|end|>", "unk_token": "<|end|>", "bos_token": "<|end|>"\#(more)}"#,
      ]
    }
    let added = try open(files("", #"{"<|im_start|>": 300, "<|im_end|>": 301}"#))
    #expect(added.encode("<|im_end|><|im_start|>") == [301, 300])
    #expect(added.endOfText == 0 && (added.padding == (style == "Qwen2Tokenizer" ? 302 : nil)))
    #expect(try Tokenizer(json: added.json()).fingerprint == added.fingerprint)
    let prefixed = try open(files(#", "add_prefix_space": true"#, nil))
    #expect(prefixed.encode("a") == added.encode(" a"))
    let begun = try open(files(#", "add_bos_token": true, "add_eos_token": true, "eos_token": "</s>""#, nil))
    #expect(begun.encode("a", addingSpecial: true) == [0] + added.encode("a") + [2])
  }

  @Test func tokensBeyondAModelsRowsAreToldAndRefusedWhereTextsUseThem() throws {
    let tokenizer = try open(["tokenizer.json": Self.file(), "tokenizer_config.json": #"{"pad_token": "[PAD]"}"#])
    let notices = Mutex<[String]>([])
    try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try tokenizer.requireFit(rows: 301)
      #expect(notices.withLock { $0.isEmpty })
      try tokenizer.requireFit(rows: 300)
    }
    #expect(notices.withLock { $0.count == 1 && $0[0].contains("\"[PAD]\" (300)") })
    #expect(throws: MohawkError.self) { try tokenizer.requireFit(rows: 299) }
    try tokenizer.requireRows([299, 0], rows: 300)
    let error = #expect(throws: MohawkError.self) { try tokenizer.requireRows([4, 300], rows: 300) }
    #expect(error?.message.contains("300 (\"[PAD]\")") == true)
  }
}
