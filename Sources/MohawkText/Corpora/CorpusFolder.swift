import Foundation
import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Finds the text in a folder and below. Links are followed; a folder that several lead to is read once, under its own
/// name where it lies in the folder too. What is passed over is counted and named.
struct CorpusFolder {
  private(set) var files: [Corpus.File] = []
  private var visited: Set<[UInt64]> = []
  private var links: [String] = []
  private var others: [String] = []
  private var gone: [String] = []
  private var unreadable: [String] = []
  private var again: [String] = []
  private let root: String

  init(_ path: String) throws {
    root = path
    guard let entry = Self.entry(path) else { throw Self.failure(path) }
    visited.insert(entry.key)
    try walk(path)
    while !links.isEmpty {
      let path = links.removeFirst()
      guard let entry = Self.entry(path) else { continue }
      if visited.insert(entry.key).inserted { try walk(path) } else { again.append(path) }
    }
    files.sort { Array($0.path.utf8).lexicographicallyPrecedes(Array($1.path.utf8)) }
  }

  /// What was passed over, in sentences; names that begin with a dot are none of it.
  var notices: [String] {
    func list(_ paths: [String]) -> String {
      let shown = paths.prefix(3).map { $0.hasPrefix(root + "/") ? String($0.dropFirst(root.count + 1)) : $0 }
      return shown.joined(separator: ", ") + (paths.count > 3 ? " and \(paths.count - 3) more" : "")
    }
    return [
      ("are no text of a known form", others), ("are links to what is not there", gone), ("cannot be read", unreadable),
      ("are links to folders that are read already", again),
    ].compactMap { what, paths in
      paths.isEmpty ? nil : "\(root): passed over, because they \(what): \(paths.count) (\(list(paths)))"
    }
  }

  private mutating func walk(_ folder: String) throws {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      if folder == root { throw Self.failure(folder) }
      unreadable.append(folder)
      return
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      guard let entry = Self.entry(path) else {
        gone.append(path)
        continue
      }
      if entry.isFolder {
        if entry.isLink {
          links.append(path)
        } else if visited.insert(entry.key).inserted {
          try walk(path)
        }
      } else if entry.isRegular, let file = try text(path) {
        files.append(file)
      } else {
        others.append(path)
      }
    }
  }

  /// The file when it is text. Of `.json` only lists are: others describe something. A `README.md` that begins with
  /// metadata is the card of a dataset.
  private func text(_ path: String) throws -> Corpus.File? {
    guard let file = Corpus.File(path) else { return nil }
    switch file.form {
    case .json: return try JSONArray.isList(file.chunks()) ? file : nil
    case .text where path.hasSuffix("/README.md"):
      var isCard = false
      _ = try file.chunks().visit { chunk, _ in
        isCard = chunk.starts(with: Array("---".utf8))
        return false
      }
      return isCard ? nil : file
    default: return file
    }
  }

  private struct Entry {
    var key: [UInt64]
    var isFolder, isRegular, isLink: Bool
  }

  private static func entry(_ path: String) -> Entry? {
    var target = stat()
    var own = stat()
    guard stat(path, &target) == 0, lstat(path, &own) == 0 else { return nil }
    func kind(_ status: stat) -> mode_t { status.st_mode & S_IFMT }
    return Entry(
      key: [UInt64(target.st_dev), UInt64(target.st_ino)], isFolder: kind(target) == S_IFDIR,
      isRegular: kind(target) == S_IFREG, isLink: kind(own) == S_IFLNK)
  }

  private static func failure(_ path: String) -> MohawkError {
    MohawkError(.notReadable, "the folder cannot be read", at: path, remedy: "check its permissions")
  }
}
