import Foundation

/// Which file of a GGUF model holds its metadata.
package enum GGUFVocabularyFile {
  /// The path of the file with the metadata when `path` is a GGUF file by its first bytes: the file itself, or the first
  /// part of a model in several; nil when it is something else.
  package static func path(_ path: String) -> String? {
    guard isGGUF(path) else { return nil }
    let end = path.suffix("-00002-of-00003.gguf".count)
    guard let part = end.wholeMatch(of: #/-[0-9]{5}(-of-[0-9]{5}\.gguf)/#) else { return path }
    let first = path.dropLast(end.count) + "-00001" + part.output.1
    return FileManager.default.fileExists(atPath: String(first)) ? String(first) : path
  }

  private static func isGGUF(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let file = FileHandle(forReadingAtPath: path)
    else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 4)) == Data("GGUF".utf8)
  }
}
