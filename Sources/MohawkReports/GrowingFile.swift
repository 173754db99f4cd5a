import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that grows by whole records; each is handed to the system in full before `append` returns.
final class GrowingFile {
  let path: String
  private let descriptor: Int32

  /// Opens `path` to append, and makes it when it is missing.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Self.failure(errno, path) }
  }

  deinit { close(descriptor) }

  func append(_ bytes: [UInt8]) throws {
    var start = 0
    while start < bytes.count {
      let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + start, bytes.count - start) }
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.failure(errno, path)
      }
      start += written
    }
  }

  private static func failure(_ number: Int32, _ path: String) -> MohawkError {
    if number == ENOSPC || number == EDQUOT {
      return MohawkError(
        .diskFull, "the disk is full", at: path, remedy: "free some space and resume from the last checkpoint")
    }
    let code: MohawkError.Code = number == ENOENT ? .missingFile : .notWritable
    return MohawkError(code, "cannot write: \(String(cString: strerror(number)))", at: path, remedy: "check the folder")
  }
}
