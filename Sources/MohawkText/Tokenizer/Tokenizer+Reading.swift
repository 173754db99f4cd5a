import Foundation
import MohawkFiles

extension Tokenizer {
  /// Reads a Hugging Face `tokenizer.json` of a byte-level BPE, as of GPT-2 and Phi-1.5.
  /// - Throws: `MohawkError` when the file is damaged, or asks for something that is not supported here; the message
  ///   names the feature and its value.
  public convenience init(path: String) throws {
    let parts = try MappedFile(path).withBytes { try TokenizerFile($0.bindMemory(to: UInt8.self), path).parts() }
    try self.init(parts)
  }

  /// Reads the contents of a Hugging Face `tokenizer.json`.
  /// - Parameters:
  ///   - json: the bytes of the file.
  ///   - location: what to call the source in messages.
  public convenience init(json: [UInt8], location: String = "tokenizer.json") throws {
    let parts = try json.withUnsafeBufferPointer { try TokenizerFile($0, location).parts() }
    try self.init(parts)
  }
}

/// A `tokenizer.json`, parsed but not yet understood.
private struct TokenizerFile {
  let root: JSONValue
  let location: String

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ location: String) throws {
    self.location = location
    do {
      root = try JSONReader.document(bytes)
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
    }
  }

  func parts() throws -> TokenizerParts {
    let model = try member(root, "model", "")
    try require(model, "model", "type", or: .string(Array("BPE".utf8))) { $0.text == "BPE" }
    for key in ["dropout", "unk_token"] { try require(model, "model", key) { $0.isNull } }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      try require(model, "model", key) { $0.isNull || $0.text == "" }
    }
    for key in ["byte_fallback", "ignore_merges"] { try require(model, "model", key) { $0.isNull || $0.bool == false } }
    for key in ["normalizer", "truncation", "padding"] { try require(root, "", key) { $0.isNull } }
    try require(root, "", "post_processor") { $0.isNull || $0["type"]?.text == "ByteLevel" }
    let decoder = try member(root, "decoder", "")
    try require(decoder, "decoder", "type") { $0.text == "ByteLevel" }
    return TokenizerParts(
      preTokenizer: try preTokenizer(), vocabulary: try vocabulary(model), merges: try merges(model),
      added: try addedTokens(), location: location)
  }

  private func preTokenizer() throws -> PreTokenizer {
    let value = try member(root, "pre_tokenizer", "")
    try require(value, "pre_tokenizer", "type") { $0.text == "ByteLevel" }
    try require(value, "pre_tokenizer", "add_prefix_space", or: .bool(true)) { $0.bool == false }
    try require(value, "pre_tokenizer", "use_regex", or: .bool(true)) { $0.bool == true }
    return .gpt2
  }

  private func vocabulary(_ model: JSONValue) throws -> [(spelling: [UInt8], id: Int)] {
    guard case .object(let members) = try member(model, "vocab", "model.") else {
      throw fault("model.vocab is not an object")
    }
    return try members.map { key, value in
      guard let id = value.integer else {
        throw fault(
          "the id of the token \"\(String(decoding: key, as: UTF8.self))\" is \(value.summary), not an integer")
      }
      return (key, id)
    }
  }

  private func merges(_ model: JSONValue) throws -> [(left: [UInt8], right: [UInt8])] {
    guard case .array(let values) = try member(model, "merges", "model.") else {
      throw fault("model.merges is not an array")
    }
    return try values.enumerated().map { rank, value in
      switch value {
      case .string(let line):
        let sides = line.split(separator: 0x20, omittingEmptySubsequences: false)
        if sides.count == 2 { return (Array(sides[0]), Array(sides[1])) }
      case .array(let sides):
        if sides.count == 2, case .string(let left) = sides[0], case .string(let right) = sides[1] {
          return (left, right)
        }
      default: break
      }
      throw fault("merge \(rank) is \(value.summary), not two tokens")
    }
  }

  private func addedTokens() throws -> [AddedToken] {
    guard let value = root["added_tokens"], !value.isNull else { return [] }
    guard case .array(let values) = value else { throw fault("added_tokens is not an array") }
    return try values.enumerated().map { index, value in
      guard let id = value["id"]?.integer, let content = value["content"]?.text else {
        throw fault("added_tokens[\(index)] has no id and content")
      }
      guard let small = Int32(exactly: id) else { throw fault("added_tokens[\(index)] has the id \(id)") }
      func flag(_ key: String) throws -> Bool {
        guard let value = value[key] else { return false }
        guard let flag = value.bool else {
          throw fault("added_tokens[\(index)].\(key) is \(value.summary), not true or false")
        }
        return flag
      }
      return AddedToken(
        id: small, content: content, singleWord: try flag("single_word"), stripsLeft: try flag("lstrip"),
        stripsRight: try flag("rstrip"), normalized: try flag("normalized"), special: try flag("special"))
    }
  }

  private func member(_ value: JSONValue, _ key: String, _ path: String) throws -> JSONValue {
    guard let found = value[key] else { throw fault("\(path)\(key) is missing") }
    return found
  }

  /// Refuses a feature unless its value, or its default when the key is missing, is supported.
  private func require(
    _ value: JSONValue, _ path: String, _ key: String, or missing: JSONValue = .null, _ supported: (JSONValue) -> Bool
  ) throws {
    let found = value[key] ?? missing
    if supported(found) { return }
    let name = path.isEmpty ? key : "\(path).\(key)"
    let shown = found["type"].map(\.summary) ?? found.summary
    throw MohawkError(
      .unsupported, "\(name) is \(shown), which is not supported", at: location,
      remedy: "use a byte-level BPE tokenizer like those of GPT-2 and Phi-1.5")
  }

  private func fault(_ message: String) -> MohawkError {
    MohawkError(.invalidFormat, message, at: location)
  }
}
