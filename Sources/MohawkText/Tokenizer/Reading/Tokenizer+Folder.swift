import Foundation
import MohawkFiles

extension Tokenizer {
  /// Reads the tokenizer of a model folder: `tokenizer.json`, or `vocab.json` with `merges.txt` where there is none. The path of a
  /// GGUF file, or of any part of a split one, names the tokenizer in its metadata.
  ///
  /// The tokens with a role (``endOfText``, ``beginningOfText``, ``padding``) are those that `tokenizer_config.json` or
  /// `special_tokens_map.json` names.
  /// - Throws: `MohawkError` when no tokenizer is there, when it is damaged, when it asks for something that is not
  ///   supported here, or when a token with a role is not in the vocabulary.
  public convenience init(folder: String) throws {
    try self.init(TokenizerParts(model: folder))
  }
}

extension TokenizerParts {
  /// What the files of a model folder say, or the metadata of a GGUF file.
  init(model path: String) throws {
    if let file = GGUFVocabularyFile.path(path) {
      self = try GGUFTokenizer(path: file).parts()
    } else {
      let files = TokenizerFolder(path)
      self = try files.parts()
      names = try files.names()
    }
  }
}

/// The files of a model folder that say how text becomes ids.
struct TokenizerFolder {
  let path: String
  private let configuration: String

  init(_ path: String) {
    self.path = path
    configuration = path + "/tokenizer_config.json"
  }

  func parts() throws -> TokenizerParts {
    let file = path + "/tokenizer.json"
    if exists("tokenizer.json") { return try TokenizerParts(path: file) }
    if exists("vocab.json"), exists("merges.txt") {
      let json = try LegacyVocabulary(
        vocabulary: path + "/vocab.json", merges: path + "/merges.txt",
        style: try tokenizerClass() ?? "GPT2Tokenizer", configuration: configuration
      ).json()
      return try TokenizerParts(json: json, location: path)
    }
    if exists("tokenizer.model") {
      throw MohawkError(
        .unsupported, "the tokenizer is a SentencePiece model, which is not read here", at: path + "/tokenizer.model",
        remedy: "convert it with Python: transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
    }
    throw MohawkError(
      .missingFile, "the folder has no tokenizer.json", at: path,
      remedy: "name a folder with tokenizer.json, or with vocab.json and merges.txt")
  }

  /// The tokens with a role. What `tokenizer_config.json` says goes before `special_tokens_map.json`.
  func names() throws -> TokenizerParts.Names {
    var names = TokenizerParts.Names()
    for file in ["special_tokens_map.json", "tokenizer_config.json"] where exists(file) {
      let members = try self.members(file, ["bos_token", "eos_token", "pad_token"])
      names.beginning = try name(members["bos_token"], "bos_token", file) ?? names.beginning
      names.end = try name(members["eos_token"], "eos_token", file) ?? names.end
      names.padding = try name(members["pad_token"], "pad_token", file) ?? names.padding
    }
    return names
  }

  private func tokenizerClass() throws -> String? {
    guard exists("tokenizer_config.json") else { return nil }
    return try members("tokenizer_config.json", ["tokenizer_class"])["tokenizer_class"]?.text
  }

  /// A token is named by its spelling, or by an object that holds it.
  private func name(_ value: JSONValue?, _ key: String, _ file: String) throws -> String? {
    guard let value, !value.isNull else { return nil }
    guard let name = value.text ?? value["content"]?.text else {
      throw MohawkError(
        .invalidFormat, "\(key) is \(value.summary), which names no token", at: path + "/" + file,
        remedy: "write the token's spelling")
    }
    return name
  }

  /// Some members of a JSON object in a file.
  private func members(_ file: String, _ keys: [String]) throws -> [String: JSONValue] {
    let location = path + "/" + file
    do {
      return try MappedFile(location).withBytes { bytes in
        var found: [String: JSONValue] = [:]
        var reader = JSONReader(bytes.bindMemory(to: UInt8.self))
        guard try reader.peek() == UInt8(ascii: "{") else { throw reader.fault("this is no object") }
        try reader.object(depth: 0) { reader, key in
          let key = String(decoding: key, as: UTF8.self)
          if keys.contains(key) { found[key] = try reader.value(depth: 1) } else { try reader.skip(depth: 1) }
        }
        try reader.end()
        return found
      }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
    }
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}
