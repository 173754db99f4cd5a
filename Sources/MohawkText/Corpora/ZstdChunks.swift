import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The unpacked bytes of a Zstandard file (RFC 8878), by the system's libzstd, which is looked for when it is needed.
struct ZstdChunks: ByteChunks {
  private let file: MappedFile
  private let library: ZstdLibrary

  init(_ path: String) throws {
    file = try MappedFile(path)
    guard let library = ZstdLibrary.shared else {
      throw MohawkError(
        .unsupported, "the library libzstd is missing, which unpacks this", at: path,
        remedy:
          "install it (Debian, Ubuntu: apt-get install libzstd1; macOS: brew install zstd), or unpack the file with zstd -d"
      )
    }
    self.library = library
  }

  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool {
    if file.count == 0 { throw fault("the Zstandard file is empty", .truncatedFile) }
    guard let stream = library.create() else { throw MohawkError(.unsupported, "libzstd cannot start", at: file.path) }
    defer { _ = library.free(stream) }
    let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 20)
    defer { output.deallocate() }
    return try file.withBytes { bytes in
      var input = ZstdLibrary.Input(start: bytes.baseAddress, size: bytes.count, position: 0)
      var expected = 1
      while true {
        var filled = ZstdLibrary.Output(
          start: UnsafeMutableRawPointer(output.baseAddress!), size: output.count, position: 0)
        expected = withUnsafeMutablePointer(to: &filled) { filled in
          withUnsafeMutablePointer(to: &input) { library.decompress(stream, filled, $0) }
        }
        if library.isError(expected) != 0 {
          throw fault("the Zstandard data is damaged near byte \(input.position)", .invalidFormat)
        }
        if filled.position > 0 {
          let chunk = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(output)[..<filled.position])
          if try !body(chunk, input.position) { return false }
        }
        if input.position == input.size, filled.position < output.count {
          // 0 says that a frame has ended.
          if expected != 0 { throw fault("the Zstandard data ends too early", .truncatedFile) }
          return true
        }
      }
    }
  }

  private func fault(_ message: String, _ code: MohawkError.Code) -> MohawkError {
    MohawkError(code, message, at: file.path, remedy: "copy or download the file again")
  }
}

/// The functions of libzstd that are needed.
private struct ZstdLibrary: Sendable {
  struct Input {
    var start: UnsafeRawPointer?
    var size: Int
    var position: Int
  }
  struct Output {
    var start: UnsafeMutableRawPointer?
    var size: Int
    var position: Int
  }

  let create: @convention(c) @Sendable () -> OpaquePointer?
  let free: @convention(c) @Sendable (OpaquePointer?) -> Int
  let decompress: @convention(c) @Sendable (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int
  let isError: @convention(c) @Sendable (Int) -> UInt32

  /// Nil where the system has none.
  static let shared: ZstdLibrary? = {
    let names = [
      "libzstd.so.1", "libzstd.1.dylib", "/opt/homebrew/lib/libzstd.1.dylib", "/usr/local/lib/libzstd.1.dylib",
    ]
    guard let handle = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
      let create = dlsym(handle, "ZSTD_createDStream"), let free = dlsym(handle, "ZSTD_freeDStream"),
      let decompress = dlsym(handle, "ZSTD_decompressStream"), let isError = dlsym(handle, "ZSTD_isError")
    else { return nil }
    return ZstdLibrary(
      create: unsafeBitCast(create, to: (@convention(c) @Sendable () -> OpaquePointer?).self),
      free: unsafeBitCast(free, to: (@convention(c) @Sendable (OpaquePointer?) -> Int).self),
      decompress: unsafeBitCast(
        decompress,
        to: (@convention(c) @Sendable (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int).self),
      isError: unsafeBitCast(isError, to: (@convention(c) @Sendable (Int) -> UInt32).self))
  }()
}
