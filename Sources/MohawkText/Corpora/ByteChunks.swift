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

/// Chunks as UTF-8 without a byte order mark, whatever encoding the mark says. A mark that is cut in two by a chunk's
/// border cannot occur: the first chunk of a file holds all of it, or a megabyte.
struct DecodedChunks: ByteChunks {
  private let chunks: any ByteChunks
  private let path: String

  init(_ chunks: any ByteChunks, _ path: String) {
    self.chunks = chunks
    self.path = path
  }

  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool {
    var decoder: TextDecoder?
    let shouldContinue = try chunks.visit { chunk, read in
      var text = chunk
      if decoder == nil {
        let (encoding, mark) = TextEncoding.detect(chunk)
        if mark == 0, TextEncoding.looksWide(chunk) { throw TextFile.unmarked(path) }
        text = UnsafeBufferPointer(rebasing: chunk[mark...])
        decoder = TextDecoder(encoding)
      }
      if decoder!.encoding == .utf8 { return try text.isEmpty || body(text, read) }
      var decoded: [UInt8] = []
      guard decoder!.decode(text, into: &decoded) else { throw TextFile.damaged(decoder!.encoding, path) }
      return try decoded.isEmpty || decoded.withUnsafeBufferPointer { try body($0, read) }
    }
    if shouldContinue, let decoder, !decoder.isAtEnd { throw TextFile.damaged(decoder.encoding, path) }
    return shouldContinue
  }
}
