import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText
import Testing

@testable import MohawkExport

/// Tokenizers that are written into GGUF files and read back, and the folders that are made of such files.
@Suite struct GGUFTokenizerRoundTripTests {
  private static let texts = [
    "", "abc ab", "  12345 it's\n\nDON'T  x", "é ü 漢字 🙂", "<|endoftext|>a<pad> b", "abcab  abc", "<s>ab c</s> dd",
  ]
  private static let words =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  private func written(_ tokenizer: Tokenizer, to path: String, _ template: String? = nil, ends: [Int]) throws {
    var configuration = TinyModels.llama()
    configuration.vocabulary = 520
    configuration.tokens.ends = ends
    try GGUFExport.write(
      TinyModels.model(configuration), tokenizer: tokenizer, to: path,
      chatTemplates: template.map { ["default": $0] } ?? [:])
  }

  @Test func everyExportedTokenizerComesBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    func split(_ digits: String) throws -> String {
      try GGUFTokenizers.split(Self.words.replacingOccurrences(of: "DIGITS", with: digits))
    }
    let single = """
      {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]}
      """
    let template = #"{"type": "BertProcessing", "sep": ["<pad>", 259], "cls": ["<|endoftext|>", 258]}"#
    let begins = """
      {"type": "TemplateProcessing", "pair": [], "single": [{"SpecialToken": {"id": "<pad>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<pad>": {"id": "<pad>", "ids": [259], "tokens": ["<pad>"]}}}
      """
    let whole = #", "ignore_merges": true"#
    let tokenizers = [
      try GGUFTokenizers.bytes(), try GGUFTokenizers.bytes(pre: single), try GGUFTokenizers.bytes(template: template),
      try GGUFTokenizers.bytes(pre: split(#"\p{N}"#)), try GGUFTokenizers.bytes(pre: split(#"\p{N}{1,3}"#)),
      try GGUFTokenizers.bytes(pre: split(#"\p{N}{1,3}"#), template: begins, model: whole),
    ]
    for (tokenizer, ends) in tokenizers.map({ ($0, [258]) }) + [(try GGUFTokenizers.pieces(), [2])] {
      try written(tokenizer, to: path, ends: ends)
      let again = try Tokenizer(path: path)
      for text in Self.texts {
        #expect(again.encode(text) == tokenizer.encode(text), "\(text)")
        #expect(again.encode(text, addingSpecial: true) == tokenizer.encode(text, addingSpecial: true), "\(text)")
      }
      #expect(again.addedTokens.map(\.content) == tokenizer.addedTokens.map(\.content))
      #expect(again.textPrefix == tokenizer.textPrefix && again.textSuffix == tokenizer.textSuffix)
    }
  }

  @Test func aFolderIsMadeOfAFile() throws {
    let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
    let path = folder.path + "/model.gguf"
    try written(GGUFTokenizers.bytes(), to: path, "{{ eos_token }}", ends: [259, 258])
    #expect(try TokenizerFiles.copy(from: path, to: target.path) == ["tokenizer.json", "tokenizer_config.json"])
    var roles = TokenRoles()
    roles.ends = [258]
    try GenerationConfig.write(roles, from: path, to: target.path)
    let made = try Tokenizer(folder: target.path)
    let file = try Tokenizer(path: path)
    #expect(made.endOfText == 259 && made.fingerprint == file.fingerprint && file.ends == [259, 258])
    let template = try #require(try ChatTemplate.ofFolder(target.path))
    #expect(try template.render(messages: []) == "<pad>")
    let data = try Data(contentsOf: URL(fileURLWithPath: target.path + "/generation_config.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["eos_token_id"] as? [Int] == [258, 259])
  }

  @Test func namedChatTemplatesTravel() throws {
    let (folder, second, third) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
    var configuration = TinyModels.llama()
    configuration.vocabulary = 520
    configuration.tokens.ends = [258]
    try TinyModels.model(configuration).write(to: folder.path)
    try GGUFTokenizers.bytes().write(to: folder.path + "/tokenizer.json")
    try folder.write("chat_template.jinja", "usual")
    let more = folder.path + "/additional_chat_templates"
    try FileManager.default.createDirectory(atPath: more, withIntermediateDirectories: true)
    for name in ["tool_use", "rag"] {
      try name.write(toFile: more + "/\(name).jinja", atomically: true, encoding: .utf8)
    }
    let wanted = ["default": "usual", "tool_use": "tool_use", "rag": "rag"]
    #expect(try ChatTemplate.sources(ofFolder: folder.path).texts == wanted)
    // From folder to folder, twice: the folder of templates is no obstacle to writing anew.
    for _ in 0..<2 {
      try ModelFolder.requireReplaceable(second.path, apartFrom: folder.path)
      try ModelFolder.write(Conversion.open(folder.path, as: nil), to: second.path, carryingFrom: folder.path)
      #expect(try ChatTemplate.sources(ofFolder: second.path).texts == wanted)
    }
    // Into a file, and out of it.
    let path = third.path + "/model.gguf"
    try GGUFExport.write(folder: folder.path, to: path)
    #expect(try GGUFFile(path).strings("tokenizer.chat_templates") == ["rag", "tool_use"])
    #expect(try ChatTemplate.sources(ofFolder: path).texts == wanted)
    try TokenizerFiles.copy(from: path, to: third.path)
    #expect(try ChatTemplate.sources(ofFolder: third.path).texts == wanted)
  }

  @Test func aFileWithoutATokenizerBringsNone() throws {
    let (folder, target) = (try TemporaryFolder(), try TemporaryFolder())
    let path = folder.path + "/model.gguf"
    try GGUFExport.write(TinyModels.model(TinyModels.llama()), tokenizer: nil, to: path)
    #expect(try TokenizerFiles.copy(from: path, to: target.path) == [])
  }
}
