#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a disk has left.
public enum DiskSpace {
  /// Bytes that this user may still write where `path`, a file or folder that is there, lies.
  /// - Throws: `MohawkError` when it is not there.
  public static func available(at path: String) throws -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw MohawkError.system(errno, "read the free space", path) }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }
}
