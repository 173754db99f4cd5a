import MohawkFiles

/// A file that is one document.
struct PlainText {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Hands over the document in pieces; an empty one in one empty piece. - Returns: false when `body` ended the visit.
  func visit(_ chunks: any ByteChunks, _ body: (DocumentPiece, Int) throws -> Bool) throws -> Bool {
    var lastRead = 0
    let shouldContinue = try chunks.visit { chunk, read in
      lastRead = read
      return try body(DocumentPiece(bytes: chunk, isLast: false, location: path), read)
    }
    if !shouldContinue { return false }
    let end = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    return try body(DocumentPiece(bytes: end, isLast: true, location: path), lastRead)
  }
}
