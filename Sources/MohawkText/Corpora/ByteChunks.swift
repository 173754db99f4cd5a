import MohawkFiles

/// The bytes of a file in chunks.
protocol ByteChunks {
  /// Hands over chunks in order, each with how many bytes of the file on disk were read by then. Chunks are not empty.
  /// - Returns: false when `body` ended the visit.
  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool
}

/// Chunks of a file that is not compressed.
struct FileChunks: ByteChunks {
  static let size = 1 << 20
  private let file: MappedFile

  init(_ path: String) throws { file = try MappedFile(path) }

  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool {
    try file.withBytes { raw in
      let bytes = raw.bindMemory(to: UInt8.self)
      for start in stride(from: 0, to: bytes.count, by: Self.size) {
        let end = min(bytes.count, start + Self.size)
        if try !body(UnsafeBufferPointer(rebasing: bytes[start..<end]), end) { return false }
      }
      return true
    }
  }
}

/// Drops a UTF-8 byte order mark from the first chunk. A mark that is cut in two by a chunk's border cannot occur: the
/// first chunk of a file of three bytes or more holds at least three.
struct ByteOrderMark {
  private var isFirst = true

  mutating func drop(_ chunk: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    defer { isFirst = false }
    guard isFirst, chunk.count >= 3, chunk[0] == 0xEF, chunk[1] == 0xBB, chunk[2] == 0xBF else { return chunk }
    return UnsafeBufferPointer(rebasing: chunk[3...])
  }
}
