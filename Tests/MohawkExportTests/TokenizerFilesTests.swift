import Foundation
import MohawkFiles
import MohawkText
import Testing

@testable import MohawkExport

@Suite struct TokenizerFilesTests {
  private static let configuration = #"{"tokenizer_class": "LlamaTokenizer", "x": 1, "eos_token": "</s>"}"#

  private func source(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name)) }
    return folder
  }

  /// The folder that is written may be of a model whose tokenizer another class opens.
  @Test func partsThatAClassMakesAnewAreWrittenForEveryClass() throws {
    let json = try GGUFTokenizers.pieces().json()
    let source = try source([
      "tokenizer.json": String(decoding: json, as: UTF8.self), "tokenizer_config.json": Self.configuration,
      "chat_template.jinja": "t", "special_tokens_map.json": "{}",
    ])
    let target = try self.source(["config.json": #"{"model_type": "granitemoehybrid"}"#])
    let written = try TokenizerFiles.copy(from: source.path, to: target.path)
    #expect(
      written == ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"])
    let (first, second) = (try Tokenizer(folder: source.path), try Tokenizer(folder: target.path))
    #expect(first.fingerprint == second.fingerprint && first.endOfText == second.endOfText)
    #expect(try first.fingerprint != Tokenizer(json: json).fingerprint)
    let text = try String(contentsOfFile: target.path + "/tokenizer_config.json", encoding: .utf8)
    #expect(
      text.contains(#""PreTrainedTokenizerFast""#) && text.contains(#""x": 1"#)
        && text.contains("\"bos_token\": \"<s>\""))
  }

  @Test func filesThatEveryClassReadsAlikeAreCopiedByteByByte() throws {
    let json = try String(decoding: GGUFTokenizers.bytes().json(), as: UTF8.self)
      .replacing("\"decoder\": null", with: #""decoder": {"type": "ByteLevel"}"#)
    let configuration = #"{"tokenizer_class":   "GPT2Tokenizer"}"#
    let source = try source(["tokenizer.json": json, "tokenizer_config.json": configuration])
    let target = try TemporaryFolder()
    try TokenizerFiles.copy(from: source.path, to: target.path)
    for (name, text) in ["tokenizer.json": json, "tokenizer_config.json": configuration] {
      #expect(try String(contentsOfFile: target.path + "/" + name, encoding: .utf8) == text)
    }
  }

  @Test func thePairOfOldFilesBecomesOne() throws {
    let bytes = (0..<256).map { byte in "\"\(Self.spelled(UInt8(byte)))\": \(byte)" }.joined(separator: ", ")
    let source = try source([
      "vocab.json": "{\(bytes)}", "merges.txt": "#version: 0.2\n",
      "tokenizer_config.json": #"{"add_prefix_space": true}"#,
    ])
    let target = try TemporaryFolder()
    #expect(try TokenizerFiles.copy(from: source.path, to: target.path) == ["tokenizer.json", "tokenizer_config.json"])
    #expect(try Tokenizer(folder: target.path).encode("a") == Tokenizer(folder: source.path).encode("a"))
    #expect(try Tokenizer(folder: target.path).encode("a").count == 2)
  }

  /// A byte in the alphabet of GPT-2, as JSON spells it.
  private static func spelled(_ byte: UInt8) -> String {
    let printed = Array(33...126) + Array(161...172) + Array(174...255)
    let scalar = printed.contains(Int(byte)) ? Int(byte) : 256 + (0..<Int(byte)).count { !printed.contains($0) }
    return scalar == 34 || scalar == 92 ? "\\" + String(UnicodeScalar(scalar)!) : String(UnicodeScalar(scalar)!)
  }
}
