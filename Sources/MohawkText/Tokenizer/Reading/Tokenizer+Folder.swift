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

extension Tokenizer {
  /// Reads the tokenizer of a model's folder, or a `tokenizer.json` or GGUF file.
  /// - Throws: `MohawkError` as the initialiser for either.
  public convenience init(fileOrFolder path: String) throws {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    try self.init(isThere && isFolder.boolValue ? TokenizerParts(model: path) : TokenizerParts(path: path))
  }
}

extension TokenizerParts {
  /// What the files of a model folder say, or the metadata of a GGUF file.
  init(model path: String) throws {
    if let file = GGUFVocabularyFile.path(path) {
      self = try GGUFTokenizer(path: file).parts()
    } else {
      self = try TokenizerFolder(path).parts()
    }
  }
}

/// The files of a model folder that say how text becomes ids.
struct TokenizerFolder {
  let path: String
  private let configuration: JSONFile

  init(_ path: String) throws {
    self.path = path
    configuration = try JSONFile(path + "/tokenizer_config.json")
  }

  func parts() throws -> TokenizerParts {
    guard configuration["split_special_tokens"]?.bool != true else {
      throw MohawkError(
        .unsupported, "split_special_tokens is true, which cuts control tokens into pieces", at: configuration.path,
        remedy: "set it to false if control tokens in texts are meant")
    }
    let file = path + "/tokenizer.json"
    if exists("tokenizer.json") {
      var parts = try TokenizerParts(path: file)
      try TokenizerClass(configuration, model: path + "/config.json").adapt(&parts)
      try add(outer(inner: parts.added), to: &parts)
      return parts
    }
    if exists("vocab.json"), exists("merges.txt") {
      let legacy = try LegacyVocabulary(
        vocabulary: path + "/vocab.json", merges: path + "/merges.txt",
        style: configuration["tokenizer_class"]?.text ?? "GPT2Tokenizer", configuration: configuration)
      var parts = try TokenizerParts(json: legacy.json(), location: path)
      try add(outer(defaults: legacy.defaultTokens), to: &parts)
      return parts
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

  private func outer(defaults: [String: String] = [:], inner: [AddedToken] = []) throws -> FolderTokens {
    try FolderTokens(
      configuration, map: JSONFile(path + "/special_tokens_map.json"),
      dictionary: JSONFile(path + "/added_tokens.json"),
      defaults: defaults, inner: inner)
  }

  /// Adds tokens that `tokenizer.json` lacks; of one that it has, flags that differ count from here on.
  private func add(_ outer: FolderTokens, to parts: inout TokenizerParts) throws {
    parts.names = outer.names
    var all = parts.added
    for token in outer.added {
      if let place = all.lastIndex(where: { $0.key == token.key }) {
        var merged = token
        merged.id = all[place].id
        merged.special = token.special || all[place].special
        all[place] = merged
      } else {
        all.append(token)
      }
    }
    guard all != parts.added else { return }
    parts.added = all
    parts.source = try parts.source.map { try TokenizerFile.json($0, withAddedTokens: all, location: path) }
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}
