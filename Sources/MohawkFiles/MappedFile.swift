import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A memory map of a whole file. The pages are read when they are touched.
///
/// The map is private: a tensor over it may be changed in place, which copies the touched pages and never reaches the
/// file.
public final class MappedFile: @unchecked Sendable {  // the mapping never changes after init
  /// The path as it was given.
  public let path: String
  private let bytes: UnsafeRawBufferPointer

  /// The size in bytes.
  public var count: Int { bytes.count }

  /// Lends the bytes. They are gone when the file is, so they must not leave `body` unless the file is kept with them.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  /// Maps `path`.
  /// - Throws: `MohawkError` when it is missing, unreadable or not a regular file.
  public init(_ path: String) throws {
    self.path = path
    // Without blocking, so that a pipe without a writer is refused below instead of waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw MohawkError.system(errno, "open the file", path) }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw MohawkError.system(errno, "read the file's size", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw MohawkError(.notReadable, "this is not a regular file", at: path, remedy: "name a file, not a folder")
    }
    let size = Int(status.st_size)
    if size == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let flags = MAP_PRIVATE | MAP_NORESERVE
    guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0), start != MAP_FAILED else {
      throw MohawkError.system(errno, "read the file", path)
    }
    #if canImport(Glibc) || canImport(Musl)
      // Where the system has large pages for files, what is read from the disk comes in them: twice as soon, and products
      // with it wait less for the tables of pages. Elsewhere nothing happens.
      _ = madvise(start, size, MADV_HUGEPAGE)
    #endif
    bytes = UnsafeRawBufferPointer(start: start, count: size)
    // Of a repository that was cloned without its large files.
    if size < 1024, zip(bytes, "version https://git-lfs".utf8).allSatisfy(==), size > 23 {
      throw MohawkError(
        .invalidFormat, "this is a Git LFS pointer, not the file itself", at: path,
        remedy: "run `git lfs pull` in its folder, or download the file")
    }
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
