import Foundation
import MohawkFiles
import MohawkGGUF
import Testing

@testable import MohawkText

/// What is refused, each by one sentence that names the key or the token.
@Suite struct GGUFTokenizerRefusalTests {
  private typealias Files = GGUFVocabularies

  private static let pairs = Files.bytePairs(["a b"])
  private static let pieces = Files.pieces([("▁", -1), ("a", -2)])

  private static let cases: [(file: GGUFVocabularies, words: String)] = [
    (Files(), "the file has no tokenizer"),
    (Files().with("model", .string("no_vocab")), "the file has no tokenizer"),
    (Files().with("model", .uint8(1)), "tokenizer.ggml.model is not a text"),
    (pairs.with("model", .string("t5")), "of the kind 't5'"),
    (pairs.with("pre", .string("kimi-k2")), "the pre-tokenizer 'kimi-k2' is not supported"),
    (pairs.with("pre", .int8(1)), "tokenizer.ggml.pre is not a text"),
    (pairs.with("tokens", nil), "tokenizer.ggml.tokens is missing or empty"),
    (pairs.with("tokens", .array(.string([]))), "tokenizer.ggml.tokens is missing or empty"),
    (pairs.with("tokens", .array(.uint8([1]))), "tokenizer.ggml.tokens is not an array of texts"),
    (pairs.with("tokens", .array(.string(["a"]))), "token_type has 258 entries for 1 tokens"),
    (pairs.adding("ab", 1), "\"ab\" stands twice"),
    (pairs.adding("x", 9), "token 258 is of the kind 9"),
    (pairs.adding("x", -1), "token 258 is of the kind -1"),
    (pairs.with("token_type", .string("x")), "token_type is not an array of whole numbers"),
    (pairs.with("merges", nil), "tokenizer.ggml.merges is missing"),
    (pairs.with("merges", .array(.string(["ab"]))), "merge 0 is not two tokens"),
    (pairs.with("merges", .array(.string(["a b", " "]))), "merge 1 is not two tokens"),
    (pairs.with("merges", .array(.string(["a b", "ab ab"]))), "merge 1 makes the token \"abab\""),
    (pairs.with("merges", .array(.string(["漢 b"]))), "merge 0 names the token \"漢\""),
    (pairs.with("bos_token_id", .uint32(258)), "tokenizer.ggml.bos_token_id is 258, and the file has 258 tokens"),
    (pairs.with("eot_token_id", .int32(-2)), "tokenizer.ggml.eot_token_id is -2"),
    (pairs.with("eos_token_id", .string("x")), "eos_token_id is not a whole number"),
    (pairs.with("eos_token_id", .uint64(.max)), "eos_token_id is not a whole number"),
    (pairs.with("add_bos_token", .bool(true)), "bos_token_id does not name it"),
    (pairs.with("pre", .string("llama-bpe")), "bos_token_id does not name it"),
    (pairs.with("add_eos_token", .bool(true)).with("eos_token_id", nil), "eos_token_id does not name it"),
    (pairs.with("add_bos_token", .uint8(1)), "add_bos_token is not a truth value"),
    (pieces.with("scores", nil), "scores does not have one score for each of the 261 tokens"),
    (pieces.with("scores", .array(.float32([1]))), "scores does not have one score for each"),
    (pieces.with("scores", .array(.float64([1]))), "scores is not an array of single-precision numbers"),
    (pieces.adding("b", 1, score: .nan), "the score of token 261 is not a number"),
    (pieces.adding(String(repeating: "b", count: 1025), 1), "token 261 has 1025 bytes"),
    (pieces.with("add_space_prefix", .string("no")), "add_space_prefix is not a truth value"),
  ]

  @Test(arguments: cases.indices) func whatCannotBeReadIsRefused(number: Int) throws {
    let (file, words) = Self.cases[number]
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    try file.write(to: path)
    let error = #expect(throws: MohawkError.self) { try Tokenizer(path: path) }
    #expect(error?.message.contains(words) == true && error?.location == path, "\(String(describing: error))")
  }

  @Test func aTemplateThatIsNoTextIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.gguf"
    var file = Self.pairs
    file["tokenizer.chat_template"] = .array(.string(["x"]))
    try file.write(to: path)
    let error = #expect(throws: MohawkError.self) { try ChatTemplate.ofFolder(path) }
    #expect(error?.message == "the key tokenizer.chat_template is not a text")
    file["tokenizer.chat_template"] = .string("{% if %}")
    try file.write(to: path)
    #expect(throws: MohawkError.self) { try ChatTemplate.ofFolder(path) }
  }
}
