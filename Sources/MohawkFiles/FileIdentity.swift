import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which file something was made from: its path, and what its content was.
public struct FileIdentity: Codable, Sendable, Equatable {
  /// The path as it was given.
  public var path: String
  /// Size and hash of its content.
  public var digest: FileDigest
  /// Device, number, size and time of the last change of the file in the file system: as long as they are the same the
  /// content is not read again. No program sets that time back, as those do that keep the time of modification.
  public var stamp: String

  /// Looks at a file, and reads it unless it is known.
  /// - Parameters:
  ///   - path: the file.
  ///   - known: what was found earlier.
  /// - Throws: `MohawkError` when it is missing or cannot be read.
  public init(_ path: String, known: FileIdentity? = nil) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { throw MohawkError.system(errno, "read the file", path) }
    #if canImport(Darwin)
      let changed = status.st_ctimespec
    #else
      let changed = status.st_ctim
    #endif
    let stamp = "\(status.st_dev) \(status.st_ino) \(status.st_size) \(changed.tv_sec).\(changed.tv_nsec)"
    self.path = path
    self.stamp = stamp
    if let known, known.stamp == stamp { digest = known.digest } else { digest = try FileDigest(of: path) }
  }
}
