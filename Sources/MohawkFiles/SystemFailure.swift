#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension MohawkError {
  /// The error of a failed system call on a file, told by its `errno`.
  static func system(_ number: Int32, _ action: String, _ path: String) -> MohawkError {
    let reason = String(cString: strerror(number))
    let isReading = action.hasPrefix("read") || action.hasPrefix("open")
    switch number {
    case ENOENT:
      return MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
    case ENOSPC, EDQUOT:
      return MohawkError(
        .diskFull, "the disk is full while trying to \(action)", at: path,
        remedy: "free some space and start again; what was there before is untouched")
    case EACCES, EPERM, EROFS:
      return MohawkError(
        isReading ? .notReadable : .notWritable, "cannot \(action): \(reason)", at: path,
        remedy: "choose a place you may use, or change its permissions")
    default:
      return MohawkError(isReading ? .notReadable : .notWritable, "cannot \(action): \(reason)", at: path)
    }
  }
}
