import Foundation
import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The right to write into a run folder, held by one process at a time through a lock on `<folder>/.lock`.
///
/// The system frees the lock when the process ends, however it ends; the file stays.
public final class RunLock {
  private let descriptor: Int32

  /// Takes the lock, making the folder when there is none.
  /// - Throws: `MohawkError` that names the process which holds the lock, or why there can be none.
  public init(folder: String) throws {
    try AtomicFolder.ensure(folder)
    let path = folder + "/.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure("open the lock", path) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      throw errno == EWOULDBLOCK ? Self.refusal(folder, descriptor) : Self.failure("take the lock", path)
    }
    let text = "\(getpid())\n"
    _ = ftruncate(descriptor, 0)
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
  }

  deinit {
    // Unlocked by name: a child process that is just being started may hold a copy of the descriptor for a moment.
    _ = flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  private static func refusal(_ folder: String, _ descriptor: Int32) -> MohawkError {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let digits = buffer.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
    let holder = digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    return MohawkError(
      .alreadyInUse, "\(holder) is already running in this folder", at: folder,
      remedy: "wait for it, stop it, or choose another folder")
  }

  private static func failure(_ action: String, _ path: String) -> MohawkError {
    MohawkError(
      .notWritable, "cannot \(action): \(String(cString: strerror(errno)))", at: path, remedy: "choose another folder")
  }
}
