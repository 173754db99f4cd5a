import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText
import Synchronization
import Testing

@testable import MohawkExport

@Suite struct GGUFVocabularyTests {
  private static func configuration(_ rows: Int = 520, ends: [Int] = [258]) -> DecoderConfiguration {
    var result = TinyModels.llama()
    result.vocabulary = rows
    result.tokens.ends = ends
    return result
  }

  private static let llama3 =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  @Test func aFileHoldsTokensAsTheyStandInTheEmbedding() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    let tokenizer = try GGUFTokenizers.bytes()
    var configuration = Self.configuration(264)
    configuration.tokens.beginning = 258
    configuration.tokens.padding = 259
    try GGUFExport.write(
      TinyModels.model(configuration), tokenizer: tokenizer, to: path,
      chatTemplates: ["default": "{{ x }}", "tool use": "t"])
    let file = try GGUFFile(path)
    func key(_ name: String) -> String { "tokenizer.ggml." + name }
    #expect(try file.string(key("model")) == "gpt2" && file.string(key("pre")) == "gpt-2")
    let tokens = try #require(try file.strings(key("tokens")))
    #expect(tokens.count == 264 && tokens[0x20] == "Ġ" && tokens[0x41] == "A" && tokens[257] == "abc")
    #expect(Array(tokens[258...]) == ["<|endoftext|>", "<pad>", "  ", "[PAD261]", "[PAD262]", "[PAD263]"])
    let kinds = try #require(try file.integers(key("token_type")))
    #expect(kinds[..<258].allSatisfy { $0 == 1 } && Array(kinds[258...]) == [3, 3, 4, 5, 5, 5])
    #expect(try file.strings(key("merges")) == ["a b", "ab c"])
    #expect(try file.integer(key("bos_token_id")) == 258 && file.integer(key("eos_token_id")) == 258)
    #expect(try file.integer(key("padding_token_id")) == 259 && file.integer(key("eot_token_id")) == nil)
    #expect(try file.bool(key("add_bos_token")) == false && file.bool(key("add_eos_token")) == false)
    #expect(try file.string("tokenizer.chat_template") == "{{ x }}")
    #expect(try file.strings("tokenizer.chat_templates") == ["tool_use"])
    #expect(try file.string("tokenizer.chat_template.tool_use") == "t")
  }

  private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// Patterns as the models publish them, and the names by which llama.cpp knows them.
  private static let published: [(pattern: String, ignoresMerges: Bool, name: String)] = {
    let (capital, small) = (#"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#)
    let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
    func cased(_ end: String, _ digits: String) -> String {
      #"[^\r\n\p{L}\p{N}]?"# + capital + "*" + small + "+" + end + #"|[^\r\n\p{L}\p{N}]?"# + capital + "+" + small + "*"
        + end + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
    }
    let qwen35 =
      contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"# + spaces
    return [
      (cased("", #"\p{N}"#), true, "tekken"), (cased(contractions + "?", #"\p{N}{1,3}"#), false, "gpt-4o"),
      (qwen35, false, "qwen35"),
    ]
  }()

  @Test func patternsOfPublishedModelsHaveTheirNames() throws {
    for (pattern, ignores, name) in Self.published {
      let model = ignores ? #", "ignore_merges": true"# : ""
      let pre = try GGUFTokenizers.split(pattern)
      let tokenizer = try GGUFTokenizers.bytes(pre: pre, normalizer: #"{"type": "NFC"}"#, model: model)
      #expect(try GGUFVocabulary(tokenizer, for: Self.configuration()).scheme == .bytePairs(pre: name), "\(name)")
      // Where words that are tokens are merged otherwise, the name would mean something else.
      let other = try GGUFTokenizers.bytes(pre: pre, model: ignores ? "" : #", "ignore_merges": true"#)
      #expect(throws: MohawkError.self) { try GGUFVocabulary(other, for: Self.configuration()) }
    }
  }

  @Test func whatIsReadFromAFileIsWrittenUnderANameOfTheSameMeaning() throws {
    for name in GGUFPreTokenizer.names {
      let (description, ignores) = try #require(GGUFPreTokenizer.meaning(of: name))
      let names = GGUFPreTokenizer.names(cutting: description)
      #expect(names.contains { $0.name == name && $0.ignoresMerges == ignores }, "\(name)")
    }
  }

  @Test(arguments: ["single_word", "lstrip", "rstrip", "normalized"])
  func flagsOfAddedTokensThatLlamaCppDoesNotHaveAreRefused(_ flag: String) throws {
    func refusal(_ tokenizer: Tokenizer) -> String? {
      do {
        _ = try GGUFVocabulary(tokenizer, for: Self.configuration())
        return nil
      } catch { return "\(error)" }
    }
    let flags = ", \"\(flag)\": true"
    let pieces = try refusal(GGUFTokenizers.pieces(flags: flags))
    #expect(pieces?.contains("'<s>' has the flag \(flag)") == true, "\(pieces ?? "taken")")
    // Without a space in front nothing depends on where normalised text is cut.
    let replace = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
    let plain = try refusal(GGUFTokenizers.pieces(normalizer: replace, flags: flags))
    #expect((plain == nil) == (flag == "normalized"), "\(plain ?? "taken")")
    #expect(try (refusal(GGUFTokenizers.bytes(flags: flags)) == nil) == (flag == "normalized"))
    #expect(try refusal(GGUFTokenizers.pieces(flags: ", \"\(flag)\": false")) == nil)
  }

  @Test(arguments: [("never", nil), ("first", "'first'"), ("always", "'always'")] as [(String, String?)])
  func spacesInFrontThatLlamaCppPutsElsewhereAreRefused(_ scheme: String, _ words: String?) throws {
    let pre = #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": false}"#
    let tokenizer = try GGUFTokenizers.pieces(normalizer: "null", pre: pre)
    guard let words else {
      #expect(
        try GGUFVocabulary(tokenizer, for: Self.configuration()).scheme == .sentencePiece(spaceInFront: false))
      return
    }
    let error = #expect(throws: MohawkError.self) { try GGUFVocabulary(tokenizer, for: Self.configuration()) }
    #expect(error?.message.contains(words) == true && error?.message.contains("otherwise than this tokenizer") == true)
    #expect(error?.remedy?.contains("--nearest-tokenizer") == true)
    let heard = Mutex<[String]>([])
    let nearest = try Notice.handling(by: { notice in heard.withLock { $0.append(notice) } }) {
      try GGUFVocabulary(tokenizer, for: Self.configuration(), isNearest: true)
    }
    #expect(nearest.scheme == .sentencePiece(spaceInFront: true))
    #expect(heard.withLock { $0.count == 1 && $0[0].contains("behind control tokens") })
  }

  /// Gemma's cuts after spaces, of which its normaliser leaves none.
  @Test func cutsThatNeverHappenAreNone() throws {
    let replace = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
    let cuts = #"{"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}"#
    let tokenizer = try GGUFTokenizers.pieces(normalizer: replace, pre: cuts)
    #expect(try GGUFVocabulary(tokenizer, for: Self.configuration()).scheme == .sentencePiece(spaceInFront: false))
    #expect(throws: MohawkError.self) {
      try GGUFVocabulary(GGUFTokenizers.pieces(normalizer: "null", pre: cuts), for: Self.configuration())
    }
  }

  /// All merges of runs of spaces up to a length, by the lengths of their parts, as transformers 4.38 to 4.57 sorts them.
  private static func runs(_ longest: Int, sorted: (([Int], [Int]) -> Bool)) -> [[String]] {
    let pairs = (2...longest).flatMap { length in (1..<length).map { [$0, length - $0] } }.sorted(by: sorted)
    return pairs.map { $0.map { String(repeating: "▁", count: $0) } }
  }

  @Test func mixedMergesOfRunsScoreAlikeWhereTheyMakeTheSame() throws {
    let words = [["a", "b"], ["c", "d"], ["a", "bc"], ["ab", "c"], ["b", "c"]]
    let newest = Self.runs(15) { $0[0] == $1[0] ? $0[1] > $1[1] : $0[0] > $1[0] }
    let tokenizer = try GGUFTokenizers.pieces(words + newest)
    let vocabulary = try GGUFVocabulary(tokenizer, for: Self.configuration())
    #expect(
      Set((3...15).map { vocabulary.scores[Int(tokenizer.id(of: String(repeating: "▁", count: $0))!)] }).count == 1)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let text = String((0..<60).map { _ in "a    b  ".randomElement(using: &generator)! })
      #expect(
        merged("▁" + text.replacingOccurrences(of: " ", with: "▁"), vocabulary) == tokenizer.encode(text), "\(text)")
    }
    // Shortest parts first: pairs everywhere, before anything longer is made.
    let other = Self.runs(15) { $0[0] == $1[0] ? $0[1] < $1[1] : $0[0] < $1[0] }
    let error = #expect(throws: MohawkError.self) {
      try GGUFVocabulary(GGUFTokenizers.pieces(words + other), for: Self.configuration())
    }
    #expect(error?.message.contains("stand together") == true)
  }

  @Test func thePatternDecidesTheNameOfThePreTokenizer() throws {
    func pre(_ tokenizer: Tokenizer) throws -> GGUFVocabulary.Scheme {
      try GGUFVocabulary(tokenizer, for: Self.configuration()).scheme
    }
    let digits = """
      {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]}
      """
    let one = Self.llama3.replacingOccurrences(of: "{1,3}", with: "")
    let ignoring = #", "ignore_merges": true"#
    #expect(try pre(GGUFTokenizers.bytes(normalizer: #"{"type": "NFC"}"#)) == .bytePairs(pre: "gpt-2"))
    #expect(try pre(GGUFTokenizers.bytes(pre: digits)) == .bytePairs(pre: "smollm"))
    #expect(try pre(GGUFTokenizers.bytes(pre: GGUFTokenizers.split(one))) == .bytePairs(pre: "qwen2"))
    let three = try GGUFTokenizers.split(Self.llama3)
    #expect(try pre(GGUFTokenizers.bytes(pre: three)) == .bytePairs(pre: "smaug-bpe"))
    #expect(try pre(GGUFTokenizers.bytes(pre: three, model: ignoring)) == .bytePairs(pre: "llama-bpe"))
    for (tokenizer, words) in [
      (try GGUFTokenizers.bytes(pre: GGUFTokenizers.split(#"\s+|\S+"#)), "cuts text by"),
      (try GGUFTokenizers.bytes(model: ignoring), "merged otherwise"),
      (try GGUFTokenizers.bytes(normalizer: #"{"type": "NFD"}"#), "normalises text"),
      (
        try GGUFTokenizers.bytes(pre: #"{"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}"#),
        "cuts text by"
      ),
    ] {
      let error = #expect(throws: MohawkError.self) { try pre(tokenizer) }
      #expect(error?.message.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func rolesComeFromTheConfigurationAndTheTemplate() throws {
    let template = #"{"type": "BertProcessing", "sep": ["<pad>", 259], "cls": ["<|endoftext|>", 258]}"#
    let around = try GGUFVocabulary(GGUFTokenizers.bytes(template: template), for: Self.configuration()).roles
    #expect(around.addsBeginning && around.addsEnd)
    #expect(around.ids.map(\.name) == ["bos", "eos", "eot"] && around.ids.map(\.id) == [258, 259, 258])
    let several = try GGUFVocabulary(GGUFTokenizers.bytes(), for: Self.configuration(ends: [5, 6, 7, 8])).roles
    #expect(several.ids.map(\.name) == ["bos", "eos", "eot", "eom"] && several.ids.map(\.id) == [5, 5, 6, 7])
    #expect(!several.addsBeginning && !several.addsEnd)
    // The usual name of an added token, when the configuration says nothing.
    let named = try GGUFVocabulary(GGUFTokenizers.bytes(), for: Self.configuration(ends: [])).roles
    #expect(named.ids.map(\.id) == [258, 258])
  }

  @Test func aTokenizerThatDoesNotFitIsRefused() throws {
    let tokenizer = try GGUFTokenizers.bytes()
    let small = #expect(throws: MohawkError.self) { try GGUFVocabulary(tokenizer, for: Self.configuration(255)) }
    #expect(small?.code == .mismatch && small?.message.contains("255 rows") == true)
    let absent = #expect(throws: MohawkError.self) {
      try GGUFVocabulary(tokenizer, for: Self.configuration(ends: [600]))
    }
    #expect(absent?.message.contains("600") == true)
  }

  /// SentencePiece's merging as llama.cpp does it: the neighbours whose token scores highest, the leftmost first.
  private func merged(_ text: String, _ vocabulary: GGUFVocabulary) -> [Int32] {
    let ids = Dictionary(uniqueKeysWithValues: vocabulary.tokens.enumerated().map { ($1, Int32($0)) })
    var symbols = text.unicodeScalars.map { String($0) }
    while true {
      let pairs = zip(symbols, symbols.dropFirst()).enumerated().compactMap { at, pair in
        ids[pair.0 + pair.1].map { (at: at, score: vocabulary.scores[Int($0)]) }
      }
      guard let best = pairs.max(by: { $0.score == $1.score ? $0.at > $1.at : $0.score < $1.score }) else { break }
      symbols[best.at] += symbols.remove(at: best.at + 1)
    }
    return symbols.flatMap { symbol in
      ids[symbol].map { [$0] } ?? symbol.utf8.map { ids[String(format: "<0x%02X>", $0)]! }
    }
  }

  @Test func scoresMergeAsTheMergesDo() throws {
    let tokenizer = try GGUFTokenizers.pieces()
    let vocabulary = try GGUFVocabulary(tokenizer, for: Self.configuration())
    #expect(vocabulary.scheme == .sentencePiece(spaceInFront: true) && vocabulary.merges.isEmpty)
    #expect(vocabulary.roles.addsBeginning && vocabulary.roles.ids.first?.id == 1)
    #expect(vocabulary.kinds[..<4].map(\.rawValue) == [2, 3, 3, 6] && vocabulary.kinds[260] == .normal)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let text = String((0..<12).map { _ in "abcde ü".randomElement(using: &generator)! })
      let ids = merged("▁" + text.replacingOccurrences(of: " ", with: "▁"), vocabulary)
      #expect(ids == tokenizer.encode(text), "\(text)")
    }
  }

  @Test func mergesWithoutScoresAreRefused() throws {
    func refusal(_ tokenizer: Tokenizer) -> String? {
      #expect(throws: MohawkError.self) { try GGUFVocabulary(tokenizer, for: Self.configuration()) }?.message
    }
    let apart = [["a", "b"], ["b", "c"], ["ab", "c"], ["c", "d"], ["a", "bc"]]
    #expect(try refusal(GGUFTokenizers.pieces(apart))?.contains("stand together") == true)
    let partial = [["a", "b"], ["b", "c"], ["ab", "c"]]
    #expect(try refusal(GGUFTokenizers.pieces(partial))?.contains("do not merge") == true)
    #expect(try refusal(GGUFTokenizers.pieces(fallback: false))?.contains("bytes to fall back on") == true)
    let cut = #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true}"#
    #expect(try refusal(GGUFTokenizers.pieces(normalizer: "null", pre: cut))?.contains("cuts it by") == true)
  }

  @Test func aFolderBringsItsTokenizerAndTemplate() throws {
    let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
    let path = target.path + "/model.gguf"
    try TinyModels.model(Self.configuration()).write(to: folder.path)
    #expect(try !GGUFExport.write(folder: folder.path, to: path).hasTokenizer)
    try GGUFTokenizers.bytes().write(to: folder.path + "/tokenizer.json")
    try folder.write(
      "tokenizer_config.json",
      #"{"chat_template": [{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]}"#)
    #expect(try GGUFExport.write(folder: folder.path, to: path, type: .q8).hasTokenizer)
    #expect(try GGUFFile(path).string("tokenizer.chat_template") == "d")
    #expect(try GGUFFile(path).string("tokenizer.chat_template.rag") == "r")
    try folder.write("chat_template.jinja", "j")
    try GGUFExport.write(folder: folder.path, to: path)
    #expect(try GGUFFile(path).string("tokenizer.chat_template") == "j")
    try GGUFExport.write(folder: folder.path, to: path, withTokenizer: false)
    #expect(try GGUFFile(path).string("tokenizer.ggml.model") == "no_vocab")
    #expect(try GGUFFile(path).value("tokenizer.chat_template") == nil)
  }
}
