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

  /// Copies those that are there, byte by byte, with the chat templates that have names. Where the class that is named
  /// there makes parts of `tokenizer.json` anew, writes a file that says them, and names the general class: the model in
  /// `target` may be of a kind that opens the file otherwise. Of a GGUF file, writes those that say what its metadata says.
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
    let settled = try Tokenizer.settledFiles(inFolder: source)
    for (name, contents) in settled ?? [:] { try AtomicFile.write(Data(contents), to: target + "/" + name) }
    let replaced = Set(settled.map { $0.keys + ["vocab.json", "merges.txt"] } ?? [])
    let copied = try (names + more.sorted().map { ChatTemplate.additionalFolder + "/" + $0 }).filter { name in
      let path = source + "/" + name
      guard !replaced.contains(name), FileManager.default.fileExists(atPath: path) else { return false }
      try MappedFile(path).withBytes { try AtomicFile.write(Data($0), to: target + "/" + name) }
      return true
    }
    return (settled?.keys.sorted() ?? []) + copied
  }
}
