import Foundation
import MohawkFiles
import MohawkText

/// The files of a model's folder that belong to its tokenizer, which a student takes over as they are.
public enum TokenizerFiles {
  /// Their names in Hugging Face's folders.
  public static let names = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "tokenizer.model", "chat_template.jinja", "chat_template.json",
  ]

  /// Copies those that are there, byte by byte, with the chat templates that have names. Of a GGUF file, writes those that say what its metadata says.
  /// - Returns: the names of the copied ones.
  @discardableResult
  public static func copy(from source: String, to target: String) throws -> [String] {
    if let file = GGUFVocabularyFile.path(source) { return try write(fromGGUF: file, to: target) }
    let folder = source + "/" + ChatTemplate.additionalFolder
    let more = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.filter { $0.hasSuffix(".jinja") } ?? []
    if !more.isEmpty {
      try FileManager.default.createDirectory(
        atPath: target + "/" + ChatTemplate.additionalFolder, withIntermediateDirectories: true)
    }
    return try (names + more.sorted().map { ChatTemplate.additionalFolder + "/" + $0 }).filter { name in
      let path = source + "/" + name
      guard FileManager.default.fileExists(atPath: path) else { return false }
      try MappedFile(path).withBytes { try AtomicFile.write(Data($0), to: target + "/" + name) }
      return true
    }
  }
}
