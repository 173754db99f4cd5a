import MohawkFiles

/// A file that is one document.
struct PlainText {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Hands over the document in pieces. - Returns: false when `body` ended the visit.
  func visit(_ chunks: any ByteChunks, _ body: (DocumentPiece, Int) throws -> Bool) throws -> Bool {
    var mark = ByteOrderMark()
    var isEmpty = true
    var lastRead = 0
    let goOn = try chunks.visit { chunk, read in
      let text = mark.drop(chunk)
      lastRead = read
      if text.isEmpty { return true }
      isEmpty = false
      return try body(DocumentPiece(bytes: text, isLast: false, location: path), read)
    }
    if !goOn { return false }
    if isEmpty { throw MohawkError(.invalidValue, "the file holds no text", at: path, remedy: "remove it or fill it") }
    let end = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    return try body(DocumentPiece(bytes: end, isLast: true, location: path), lastRead)
  }
}
