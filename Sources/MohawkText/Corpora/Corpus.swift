import Foundation
import MohawkFiles

/// Text files as a sequence of documents.
///
/// A `.txt` or `.md` file is one document. A `.jsonl` file has one document per line, in a member of an object (`text`,
/// unless the options name another one), or as a conversation under `messages` or `conversations`; a `.json` file has a list of such objects, and a `.parquet`
/// file has one in each row.
/// All may be compressed (`.gz`, `.zst`). A folder stands for all such files in it and below, in the order of their paths,
/// through links. Text is UTF-8, or what its byte order mark says; line ends, and bytes that are not UTF-8, stay as they are. Empty
/// documents are left out and counted.
public struct Corpus: DocumentSource {
  /// The form of a file, told by its name.
  public enum Form: Sendable {
    /// Plain text, one JSON object per line, or a list of them.
    case text, jsonLines, json
    /// A table in Apache Parquet, a document in each row.
    case parquet
  }

  /// How a file is packed.
  public enum Compression: Sendable {
    /// By gzip or Zstandard.
    case gzip, zstd
  }

  /// One file of the corpus.
  public struct File: Sendable {
    /// The path.
    public let path: String
    /// How documents lie in it.
    public let form: Form
    /// How it is compressed; nil when it is not.
    public let compression: Compression?
    /// Its size on disk.
    public let bytes: Int
  }

  /// The files in the order in which they are read.
  public let files: [File]
  /// What was passed over in folders, in sentences.
  public let notices: [String]

  /// The size of all files on disk.
  public var size: Int { files.reduce(0) { $0 + $1.bytes } }

  /// Documents without text that the last visit has left out.
  public var emptyDocuments: Int { tally.all.empty }

  /// What the last visit has found, in sentences: documents that are left out, and some that are no UTF-8.
  public var findings: [String] {
    let found = tally.all
    var findings: [String] = []
    if found.empty > 0 { findings.append("left out, because they are empty: \(found.empty) documents") }
    if let place = found.damagedPlace {
      findings.append(
        "not UTF-8, and read byte by byte: \(found.damaged) documents (\(place)); save them as UTF-8, such as with iconv -f latin1 -t utf-8"
      )
    }
    return findings
  }

  private let options: CorpusOptions
  private let place: String
  private let tally = Tally()

  /// The names that are known, for messages.
  static let names = ".txt, .md, .jsonl or .json, each also .gz or .zst, or .parquet"

  /// Finds the files that `paths` name; their contents are read by the visits.
  /// - Parameters:
  ///   - paths: files and folders.
  ///   - options: how documents lie in them.
  /// - Throws: `MohawkError` for a path that does not exist or has no known form, and for a folder without text.
  public init(paths: [String], _ options: CorpusOptions = CorpusOptions()) throws {
    guard let first = paths.first else {
      throw MohawkError(.invalidValue, "no corpus is named", remedy: "name files or folders with text")
    }
    var files: [File] = []
    var notices: [String] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
      }
      if isFolder.boolValue {
        let folder = try CorpusFolder(path)
        notices += folder.notices
        guard !folder.files.isEmpty else {
          throw MohawkError(
            .missingFile,
            "the folder holds no text (\(Self.names))\(folder.notices.isEmpty ? "" : "; \(folder.notices[0])")",
            at: path, remedy: "name a folder with text")
        }
        files += folder.files
      } else {
        guard let file = File(path) else {
          throw MohawkError(.unsupported, "this is not a known form of text", at: path, remedy: "use \(Self.names)")
        }
        files.append(file)
      }
    }
    self.files = files
    self.notices = notices
    self.options = options
    place = first
  }

  public func visitPieces(_ body: (DocumentPiece, Int) throws -> Bool) throws {
    let document = try JSONDocument(options)
    var done = 0
    var documents = 0
    var found = Findings()
    var isFresh = true
    var check = UTF8Check()
    defer { tally.all = found }
    for file in files {
      func pass(_ piece: DocumentPiece, _ read: Int) throws -> Bool {
        if piece.isLast, isFresh, piece.bytes.isEmpty {
          found.empty += 1
          return true
        }
        isFresh = piece.isLast
        if !check.take(piece.bytes, isLast: piece.isLast) { found.addDamaged(piece.location) }
        if piece.isLast { documents += 1 }
        return try body(piece, done + read)
      }
      let chunks = try file.chunks(options)
      let shouldContinue =
        switch file.form {
        case .text: try PlainText(file.path).visit(chunks, pass)
        case .jsonLines, .parquet: try JSONLines(file.path, document).visit(chunks, pass)
        case .json: try JSONArray(file.path, document).visit(chunks, pass)
        }
      if !shouldContinue { return }
      done += file.bytes
    }
    if documents == 0 {
      throw MohawkError(
        .invalidValue, found.empty > 1 ? "all \(found.empty) documents are empty" : "there is no text in it", at: place,
        remedy: "remove it or fill it")
    }
  }
}

extension Corpus.File {
  /// The file at `path`, or nil when its name tells no known form or it is no regular file.
  init?(_ path: String) {
    let compression: Corpus.Compression? =
      switch path.split(separator: ".").last?.lowercased() {
      case "gz": .gzip
      case "zst": .zstd
      default: nil
      }
    let name = compression == nil ? path : String(path[..<path.lastIndex(of: ".")!])
    let form: Corpus.Form? =
      switch name.split(separator: "/").last?.split(separator: ".").last?.lowercased() {
      case "txt", "md": .text
      case "jsonl", "ndjson": .jsonLines
      case "json": .json
      case "parquet" where compression == nil: .parquet
      default: nil
      }
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let form, let attributes = try? FileManager.default.attributesOfItem(atPath: place),
      attributes[.type] as? FileAttributeType == .typeRegular
    else { return nil }
    self.init(path: path, form: form, compression: compression, bytes: (attributes[.size] as? Int) ?? 0)
  }

  /// Its text in chunks of UTF-8, as lines of JSON where it is a table.
  func chunks(_ options: CorpusOptions = CorpusOptions()) throws -> any ByteChunks {
    if form == .parquet {
      return ParquetRows(path, bytes: bytes, columns: [options.column, "messages", "conversations", "tools"])
    }
    let packed: any ByteChunks =
      switch compression {
      case nil: try FileChunks(path)
      case .gzip: try GzipChunks(path)
      case .zstd: try ZstdChunks(path)
      }
    return DecodedChunks(packed, path)
  }
}

/// What the last visit has left out.
private final class Tally: @unchecked Sendable {  // guarded by its lock
  private let lock = NSLock()
  private var found = Findings()

  var all: Findings {
    get { lock.withLock { found } }
    set { lock.withLock { found = newValue } }
  }
}

private struct Findings: Sendable {
  var empty = 0
  var damaged = 0
  /// The first damaged one.
  var damagedPlace: String?

  mutating func addDamaged(_ place: String) {
    damaged += 1
    damagedPlace = damagedPlace ?? place
  }
}
