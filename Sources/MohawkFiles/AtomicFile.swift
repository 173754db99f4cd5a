import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes a file under a temporary name in the same folder, syncs it, then renames it.
///
/// A reader sees the old file or the whole new one, never a part; a crash leaves at most a `.partial-*` file behind.
public struct AtomicFile: ~Copyable {
  private let path: String
  private let partial: String
  private var descriptor: Int32
  private var committed = false

  /// Opens the temporary file beside `path`.
  /// - Throws: `MohawkError` when the folder is missing, read-only or full.
  public init(_ path: String) throws {
    self.path = path
    let url = URL(fileURLWithPath: path)
    let name = ".partial-\(ProcessInfo.processInfo.processIdentifier)-\(url.lastPathComponent)"
    partial = url.deletingLastPathComponent().appendingPathComponent(name).path
    descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw MohawkError.system(errno, "create the file", path) }
  }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writeAll(bytes, to: descriptor, path)
  }

  /// Syncs the file, gives it its name and syncs the folder.
  public mutating func commit() throws {
    guard fsync(descriptor) == 0 else { throw MohawkError.system(errno, "sync the file", path) }
    guard rename(partial, path) == 0 else { throw MohawkError.system(errno, "rename the finished file", path) }
    committed = true
    syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  deinit {
    close(descriptor)
    if !committed { unlink(partial) }
  }

  /// Gives a finished file its name in another folder of the same file system; one that is there is replaced.
  public static func move(_ finished: String, to path: String) throws {
    guard rename(finished, path) == 0 else { throw MohawkError.system(errno, "rename the finished file", path) }
    syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// Writes `data` to `path` in one go.
  public static func write(_ data: Data, to path: String) throws {
    var file = try AtomicFile(path)
    try data.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  /// Writes `text` as UTF-8 to `path` in one go.
  public static func write(_ text: String, to path: String) throws {
    try write(Data(text.utf8), to: path)
  }
}

/// Writes every byte, however many calls it takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
  var rest = bytes
  while rest.count > 0 {
    let written = write(descriptor, rest.baseAddress!, rest.count)
    if written < 0 {
      if errno == EINTR { continue }
      throw MohawkError.system(errno, "write the file", path)
    }
    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
  }
}

/// Makes a rename in `path` survive a power cut.
func syncFolder(_ path: String) {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  fsync(descriptor)
  close(descriptor)
}
