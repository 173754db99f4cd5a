import Foundation
import MohawkFiles

extension Tokenizer {
  /// Reads a Hugging Face `tokenizer.json`, or the tokenizer of a GGUF file.
  ///
  /// What it says of truncation and padding is passed over: encoding does neither unless asked, as in `transformers`.
  /// - Throws: `MohawkError` when the file is damaged, or asks for something that is not supported here; the message
  ///   names the feature and its value.
  public convenience init(path: String) throws {
    try self.init(TokenizerParts(path: path))
  }

  /// Reads the contents of a Hugging Face `tokenizer.json`.
  /// - Parameters:
  ///   - json: the bytes of the file.
  ///   - location: what to call the source in messages.
  public convenience init(json: [UInt8], location: String = "tokenizer.json") throws {
    try self.init(TokenizerParts(json: json, location: location))
  }
}

extension TokenizerParts {
  init(path: String) throws {
    if let file = GGUFVocabularyFile.path(path) {
      self = try GGUFTokenizer(path: file).parts()
      return
    }
    let json = try MappedFile(path).withBytes { Array($0) }
    try self.init(json: json, location: path)
  }

  init(json: [UInt8], location: String) throws {
    self = try json.withUnsafeBufferPointer { try TokenizerFile($0, location).parts() }
    source = json
  }
}
