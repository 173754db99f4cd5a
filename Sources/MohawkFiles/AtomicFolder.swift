import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Fills a folder under a temporary name, then renames it: the folder exists whole or not at all.
public enum AtomicFolder {
  /// Runs `fill` on a fresh temporary folder beside `path` and renames it to `path`.
  ///
  /// A folder already at `path` is replaced only after `fill` succeeded. A `.partial-*` folder that a killed
  /// process left behind under the same name is removed first.
  public static func create(_ path: String, fill: (String) throws -> Void) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
      throw MohawkError(
        .notWritable, "a file stands where a folder is to be written", at: path,
        remedy: "choose another name or remove it")
    }
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent()
    let partial = partial(path)
    try? files.removeItem(atPath: partial)
    if mkdir(partial, 0o755) != 0 { throw MohawkError.system(errno, "create the folder", path) }
    do {
      try fill(partial)
      syncFolder(partial)
      if files.fileExists(atPath: path) {
        let old = parent.appendingPathComponent(".replaced-\(url.lastPathComponent)").path
        try? files.removeItem(atPath: old)
        guard rename(path, old) == 0 else { throw MohawkError.system(errno, "replace the folder", path) }
        guard rename(partial, path) == 0 else { throw MohawkError.system(errno, "rename the finished folder", path) }
        try? files.removeItem(atPath: old)
      } else {
        guard rename(partial, path) == 0 else { throw MohawkError.system(errno, "rename the finished folder", path) }
      }
      syncFolder(parent.path)
    } catch {
      try? files.removeItem(atPath: partial)
      throw error
    }
  }

  /// Where the folder is while it is being filled.
  public static func partial(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().appendingPathComponent(".partial-\(url.lastPathComponent)").path
  }

  /// Makes `path` and its parents, or says why it cannot.
  public static func ensure(_ path: String) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard isFolder.boolValue else {
        throw MohawkError(
          .notWritable, "a file stands where a folder is needed", at: path, remedy: "choose another name or remove it")
      }
      return
    }
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    if parent != path { try ensure(parent) }
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw MohawkError.system(errno, "create the folder", path) }
  }
}
