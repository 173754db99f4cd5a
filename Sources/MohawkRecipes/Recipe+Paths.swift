import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Recipe {
  /// The same recipe with every path changed by `change`; the only place that knows which keys hold paths.
  func mappingPaths(_ change: (String) -> String) -> Recipe {
    var result = self
    result.teacher = teacher.map(change)
    result.signals = signals.map(change)
    result.data.train = data.train.map(change)
    result.data.validation = data.validation.map(change)
    result.data.tokenizer = data.tokenizer.map(change)
    result.evaluation.tasks = evaluation.tasks.map { task in
      guard let separator = task.firstIndex(of: "=") else { return task }
      let value = String(task[task.index(after: separator)...])
      // Sizes, such as needle=1024+32768, are no paths.
      guard value.contains(where: { !$0.isNumber && $0 != "+" }) else { return task }
      return task[...separator] + change(value)
    }
    return result
  }

  /// The same recipe, right from any folder: paths are absolute, without needless parts.
  public var withAbsolutePaths: Recipe { mappingPaths(FilePlace.absolute) }

  /// The same recipe with paths as the files to which they lead, so that two spellings of one place are equal.
  var resolved: Recipe { mappingPaths(FilePlace.resolved) }
}

/// Paths as what they are.
enum FilePlace {
  /// An absolute path without `.`, `..`, doubled slashes and a last one. `..` is the folder above what a link leads to.
  static func absolute(_ path: String) -> String {
    if path.isEmpty { return path }
    let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      guard part == ".." else {
        parts.append(part)
        continue
      }
      if let real = real("/" + parts.joined(separator: "/")) { parts = real.split(separator: "/") }
      _ = parts.popLast()
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Where a path leads through all links; the absolute path where nothing is there.
  static func resolved(_ path: String) -> String { path.isEmpty ? path : real(absolute(path)) ?? absolute(path) }

  private static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }
}
