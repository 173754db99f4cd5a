import Foundation
import MohawkFiles
import MohawkGGUF

/// Files that are parts of one, as llama.cpp's `llama-gguf-split` names them: `name-00001-of-00003.gguf`.
enum GGUFParts {
  /// More parts than any model has.
  private static let most = 10_000

  /// The paths of all parts of a file, itself alone when its name does not say that it is a part.
  /// - Throws: `MohawkError` that names every missing part.
  static func paths(of path: String) throws -> [String] {
    let url = URL(fileURLWithPath: path)
    guard let match = url.lastPathComponent.wholeMatch(of: /(.*)-([0-9]{5})-of-([0-9]{5})\.gguf/),
      let number = Int(match.2), let count = Int(match.3), count > 1
    else { return [path] }
    guard (1...count).contains(number), count <= most else {
      throw MohawkError(
        .invalidValue, "the name says that this is part \(number) of \(count), which cannot be", at: path,
        remedy: "rename the file")
    }
    let folder = path.contains("/") ? url.deletingLastPathComponent().path + "/" : ""
    let names = (1...count).map { "\(match.1)-\(digits($0))-of-\(match.3).gguf" }
    let missing = names.filter { !FileManager.default.fileExists(atPath: folder + $0) }
    guard missing.isEmpty else {
      throw MohawkError(
        .missingFile, "\(missing.count) of \(count) parts are missing: \(listed(missing))", at: path,
        remedy: "fetch them into the same folder")
    }
    return names.map { folder + $0 }
  }

  private static func digits(_ number: Int) -> String {
    String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
  }

  /// Checks what the parts say of themselves.
  /// - Throws: `MohawkError` when a part says that it is another one, or that there are others.
  static func check(_ files: [GGUFFile]) throws {
    for (place, file) in files.enumerated() {
      let count = try file.integer("split.count") ?? 1
      let number = try file.integer("split.no") ?? 0
      guard max(count, 1) == files.count, number == place else {
        throw MohawkError(
          .mismatch,
          "this file says that it is part \(number) of \(count) (counted from 0), and it is opened as part \(place) of "
            + "\(files.count)", at: file.path,
          remedy: "give the parts the names that they were written with, `name-00001-of-00003.gguf`")
      }
    }
    let total = files.reduce(0) { $0 + $1.tensors.count }
    if let stated = try files[0].integer("split.tensors.count"), files.count > 1, stated != total {
      throw MohawkError(
        .mismatch, "the first part says that there are \(stated) tensors, and the parts hold \(total)",
        at: files[0].path, remedy: "fetch all parts again, all of one version")
    }
  }
}
