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
