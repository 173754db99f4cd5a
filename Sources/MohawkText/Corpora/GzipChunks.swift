import CZlib
import MohawkFiles

/// The unpacked bytes of a gzip file. Several gzip members one after the other are read as one, as `gunzip` does.
struct GzipChunks: ByteChunks {
  private static let size = 1 << 20
  private let file: MappedFile

  init(_ path: String) throws { file = try MappedFile(path) }

  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    // 15 is the largest window; 16 demands the gzip header and checksum.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw MohawkError(.unsupported, "zlib cannot start", at: file.path)
    }
    defer { inflateEnd(stream) }
    let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.size)
    defer { output.deallocate() }
    return try file.withBytes { try inflateAll($0, stream, output, body) }
  }

  private func inflateAll(
    _ compressed: UnsafeRawBufferPointer, _ stream: UnsafeMutablePointer<z_stream>,
    _ output: UnsafeMutableBufferPointer<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool
  ) throws -> Bool {
    let input = UnsafeMutableRawBufferPointer(mutating: compressed).bindMemory(to: UInt8.self)
    if input.isEmpty { throw fault("the gzip file is empty", .truncatedFile) }
    var read = 0
    var filled = 0
    while true {
      let offered = min(input.count - read, 1 << 30)
      stream.pointee.next_in = input.baseAddress! + read
      stream.pointee.avail_in = UInt32(offered)
      stream.pointee.next_out = output.baseAddress! + filled
      stream.pointee.avail_out = UInt32(output.count - filled)
      let status = inflate(stream, Z_NO_FLUSH)
      let taken = offered - Int(stream.pointee.avail_in)
      let made = output.count - Int(stream.pointee.avail_out) - filled
      read += taken
      filled += made
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw fault("the gzip data is damaged near byte \(read)", .invalidFormat)
      }
      let isMemberEnd = status == Z_STREAM_END
      if !isMemberEnd, taken == 0, made == 0 { throw fault("the gzip data ends too early", .truncatedFile) }
      let isEnd = isMemberEnd && restIsPadding(input, read)
      if filled == output.count || (isEnd && filled > 0) {
        if try !body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(output)[..<filled]), read) { return false }
        filled = 0
      }
      if isEnd { return true }
      if isMemberEnd { inflateReset(stream) }
    }
  }

  /// Whether only zeros follow, which some tools append.
  private func restIsPadding(_ input: UnsafeMutableBufferPointer<UInt8>, _ start: Int) -> Bool {
    input[start...].allSatisfy { $0 == 0 }
  }

  private func fault(_ message: String, _ code: MohawkError.Code) -> MohawkError {
    MohawkError(code, message, at: file.path, remedy: "copy or download the file again")
  }
}
