import Foundation
import MohawkFiles
import MohawkGGUF
import Testing

@testable import MohawkText

/// Tokens with a role, added tokens, chat templates, and where a file is looked for.
@Suite struct GGUFTokenRoleTests {
  private static let file = GGUFVocabularies.bytePairs(["a b"]).adding("<|im_end|>", 1).adding("<tool>", 4)
    .adding("<bos>", 3).adding("[PAD261]", 5)

  @Test func rolesAreThoseOfTheFile() throws {
    let tokenizer = try Self.file.with("bos_token_id", .uint32(260)).with("padding_token_id", .int32(257)).tokenizer()
    #expect(tokenizer.beginningOfText == 260 && tokenizer.padding == 257 && tokenizer.endOfText == 257)
    #expect(tokenizer.textPrefix == [] && tokenizer.textSuffix == [])
    let told = try Self.file.with("bos_token_id", .uint64(260)).with("add_bos_token", .bool(true)).tokenizer()
    #expect(told.textPrefix == [260] && told.encode("ab", addingSpecial: true) == [260, 256])
  }

  @Test func turnsAndMessagesEndToo() throws {
    #expect(try Self.file.tokenizer().ends == [257, 258])
    let told = try Self.file.with("eos_token_id", .uint32(260)).with("eot_token_id", .uint32(7))
      .with("eom_token_id", .uint32(8)).tokenizer()
    #expect(told.ends == [260, 7, 8, 257, 258] && told.endOfText == 260)
    let turn = try Self.file.with("eos_token_id", nil).with("eot_token_id", .uint32(7)).tokenizer()
    #expect(turn.endOfText == 257 && turn.ends == [257, 7, 258])
    let harmony = Self.file.adding("<|end|>", 3).adding("<|return|>", 3).adding("<|call|>", 3)
    #expect(try harmony.tokenizer().ends == [257, 258, 263, 264])
  }

  @Test func controlAndUserDefinedTokensAreAdded() throws {
    let tokenizer = try Self.file.tokenizer()
    // The file calls `<|im_end|>` a normal token, which it is nowhere.
    #expect(tokenizer.addedTokens.map(\.id) == [257, 258, 259, 260])
    #expect(tokenizer.addedTokens.map(\.special) == [true, true, false, true])
    #expect(tokenizer.encode("ab<tool>ab<|im_end|>") == [256, 259, 256, 258])
    #expect(try tokenizer.decode([256, 259, 258], skippingSpecial: true) == "ab<tool>")
  }

  @Test func rowsWithoutATokenAreNone() throws {
    let tokenizer = try Self.file.tokenizer()
    #expect(tokenizer.id(of: "[PAD261]") == nil && tokenizer.highestID == 260)
    let padded = try Self.file.with("padding_token_id", .uint32(261)).tokenizer()
    #expect(padded.padding == 261 && padded.id(of: "[PAD261]") == 261)
  }

  @Test func someConvertersWriteThatThereIsNone() throws {
    for none in [GGUFValue.int32(-1), .uint32(.max)] {
      let tokenizer = try Self.file.with("bos_token_id", none).with("eos_token_id", none).tokenizer()
      #expect(tokenizer.beginningOfText == nil && tokenizer.endOfText == 257)
    }
  }

  @Test func phi3TakesInTheSpaceBehindATurn() throws {
    var file = Self.file
    file["general.name"] = .string("Phi-3 mini")
    let tokenizer = try file.tokenizer()
    #expect(tokenizer.encode("<|im_end|> \nab") == [258, 256])
    #expect(tokenizer.encode("<|endoftext|> ") == [257, 0x20])
  }

  @Test func whatIsReadIsWrittenAsATokenizerFile() throws {
    for file in [
      Self.file.with("bos_token_id", .uint32(260)).with("add_bos_token", .bool(true)),
      GGUFVocabularies.pieces([("▁", -1), ("a", -2), ("▁a", -3)]).with("add_eos_token", .bool(true)),
    ] {
      let folder = try TemporaryFolder()
      let tokenizer = try file.tokenizer()
      try tokenizer.write(to: folder.path + "/tokenizer.json")
      let again = try Tokenizer(folder: folder.path)
      #expect(again.fingerprint == tokenizer.fingerprint && again.json() == tokenizer.json())
      for text in ["ab<tool> ab", "a é\n", "<s>a"] {
        #expect(again.encode(text, addingSpecial: true) == tokenizer.encode(text, addingSpecial: true))
      }
    }
  }

  @Test func chatTemplatesAreThoseOfTheFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    try Self.file.write(to: path)
    #expect(try ChatTemplate.ofFolder(path) == nil)
    var file = Self.file.with("bos_token_id", .uint32(260))
    file["tokenizer.chat_template"] = .string("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")
    file["tokenizer.chat_template.tool_use"] = .string("{{ tools | length }}")
    try file.write(to: path)
    let template = try #require(try ChatTemplate.ofFolder(path))
    #expect(try template.render(messages: [ChatMessage(role: "user", content: "hi")]) == "<bos>hi<|endoftext|>")
    let tokenizer = try GGUFTokenizer(path: path)
    #expect(try tokenizer.chatTemplates().keys.sorted() == ["default", "tool_use"])
    #expect(tokenizer.tokensByRole.map(\.name) == ["bos_token", "eos_token"])
  }

  @Test func aFileWithoutATokenizerHasNoTemplate() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    var file = GGUFVocabularies().with("model", .string("no_vocab"))
    file["tokenizer.chat_template"] = .string("x")
    try file.write(to: path)
    #expect(try GGUFTokenizer.find(in: path) == nil)
    #expect(try ChatTemplate.ofFolder(path) == nil)
  }

  @Test func thePartsOfAModelShareTheFirstOnesTokenizer() throws {
    let folder = try TemporaryFolder()
    try Self.file.write(to: folder.path + "/m-00001-of-00002.gguf")
    try GGUFVocabularies().with("split", .uint16(1)).write(to: folder.path + "/m-00002-of-00002.gguf")
    let tokenizer = try Tokenizer(path: folder.path + "/m-00002-of-00002.gguf")
    #expect(try tokenizer.fingerprint == Self.file.tokenizer().fingerprint)
    // A file is known by its first bytes, whatever it is called.
    try Self.file.write(to: folder.path + "/blob")
    #expect(try Tokenizer(folder: folder.path + "/blob").fingerprint == tokenizer.fingerprint)
    #expect(GGUFVocabularyFile.path(folder.path) == nil)
  }
}
