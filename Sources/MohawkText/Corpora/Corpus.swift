import Foundation
import MohawkFiles

/// Text files as a sequence of documents.
///
/// A `.txt` file is one document. A `.jsonl` file has one document per line, in the member `text` of an object. Both may
/// be compressed (`.txt.gz`, `.jsonl.gz`). A folder stands for all such files in it and below, in the order of their
/// paths; other names and names that start with a dot are passed over. A UTF-8 byte order mark is dropped; line ends and bytes that are not UTF-8 stay as they are.
public struct Corpus: DocumentSource {
  /// The form of a file, told by its name.
  public enum Form: Sendable {
    /// Plain text, or one JSON object per line with the text under a key.
    case text, jsonLines
  }

  /// One file of the corpus.
  public struct File: Sendable {
    /// The path.
    public let path: String
    /// How documents lie in it.
    public let form: Form
    /// Whether it is compressed with gzip.
    public let isCompressed: Bool
    /// Its size on disk.
    public let bytes: Int
  }

  /// The files in the order in which they are read.
  public let files: [File]

  /// The size of all files on disk.
  public var size: Int { files.reduce(0) { $0 + $1.bytes } }

  /// Finds the files that `paths` name; their contents are read by the visits.
  /// - Throws: `MohawkError` for a path that does not exist or has no known form, and for a folder without text.
  public init(paths: [String]) throws {
    guard !paths.isEmpty else {
      throw MohawkError(.invalidValue, "no corpus is named", remedy: "name files or folders with text")
    }
    files = try paths.flatMap { path in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
      }
      if isFolder.boolValue { return try Self.folder(path) }
      guard let file = try Self.file(path) else {
        throw MohawkError(
          .unsupported, "this is not a known form of text", at: path,
          remedy: "use .txt, .jsonl, .txt.gz or .jsonl.gz")
      }
      return [file]
    }
  }

  public func visitPieces(_ body: (DocumentPiece, Int) throws -> Bool) throws {
    var done = 0
    for file in files {
      let chunks: any ByteChunks = file.isCompressed ? try GzipChunks(file.path) : try FileChunks(file.path)
      let goOn =
        switch file.form {
        case .text: try PlainText(file.path).visit(chunks) { try body($0, done + $1) }
        case .jsonLines: try JSONLines(file.path).visit(chunks) { try body($0, done + $1) }
        }
      if !goOn { return }
      done += file.bytes
    }
  }

  private static func folder(_ path: String) throws -> [File] {
    guard let walk = FileManager.default.enumerator(atPath: path) else {
      throw MohawkError(.notReadable, "the folder cannot be read", at: path)
    }
    let visible = walk.compactMap { $0 as? String }.filter { !$0.hasPrefix(".") && !$0.contains("/.") }
    let names = visible.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    let files = try names.compactMap { try file(path + "/" + $0) }
    guard !files.isEmpty else {
      throw MohawkError(
        .missingFile, "the folder holds no .txt, .jsonl, .txt.gz or .jsonl.gz file", at: path,
        remedy: "name a folder with text")
    }
    return files
  }

  /// The file at `path`, or nil when its name tells no known form or it is a folder.
  private static func file(_ path: String) throws -> File? {
    let isCompressed = path.hasSuffix(".gz")
    let name = isCompressed ? String(path.dropLast(3)) : path
    let form: Form? = name.hasSuffix(".txt") ? .text : name.hasSuffix(".jsonl") ? .jsonLines : nil
    guard let form else { return nil }
    let attributes = try FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    guard attributes[.type] as? FileAttributeType == .typeRegular else { return nil }
    return File(path: path, form: form, isCompressed: isCompressed, bytes: (attributes[.size] as? Int) ?? 0)
  }
}
