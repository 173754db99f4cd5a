import MohawkFiles

/// A `.json` file: a list of objects or texts, or objects one after the other, each a document. All of it is in memory
/// while it is read.
struct JSONArray {
  private let path: String
  private let document: JSONDocument

  init(_ path: String, _ document: JSONDocument) {
    self.path = path
    self.document = document
  }

  /// Whether a file begins as a list, so that it is text among the other `.json` files of a folder.
  static func isList(_ chunks: any ByteChunks) throws -> Bool {
    var first: UInt8?
    _ = try chunks.visit { chunk, _ in
      first = chunk.first { !($0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D) }
      return first == nil
    }
    return first == UInt8(ascii: "[")
  }

  /// Hands over the documents. - Returns: false when `body` ended the visit.
  func visit(_ chunks: any ByteChunks, _ body: (DocumentPiece, Int) throws -> Bool) throws -> Bool {
    var bytes: [UInt8] = []
    var lastRead = 0
    _ = try chunks.visit { chunk, read in
      bytes.append(contentsOf: chunk)
      lastRead = read
      return true
    }
    do {
      return try bytes.withUnsafeBufferPointer { try visit($0, lastRead, body) }
    } catch let error as JSONFault {
      throw document.fault("\(error.message) (byte \(error.offset + 1))", path)
    }
  }

  private func visit(
    _ bytes: UnsafeBufferPointer<UInt8>, _ read: Int, _ body: (DocumentPiece, Int) throws -> Bool
  ) throws -> Bool {
    var reader = JSONReader(bytes)
    var number = 0
    var shouldContinue = true
    func take(_ reader: inout JSONReader, depth: Int) throws {
      number += 1
      let place = "\(path)[\(number - 1)]"
      let text =
        try reader.peek() == UInt8(ascii: "\"")
        ? JSONDocument.Text(bytes: try reader.string()) : try document.text(&reader, depth: depth, at: place)
      guard shouldContinue else { return }
      shouldContinue = try text.bytes.withUnsafeBufferPointer {
        try body(
          DocumentPiece(bytes: $0, isLast: true, location: place, isRendered: text.isRendered, answers: text.answers),
          read)
      }
    }
    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) { return true }
    if try reader.peek() == UInt8(ascii: "[") {
      try reader.array(depth: 0) { reader in try take(&reader, depth: 1) }
    } else {
      while shouldContinue, !reader.isAtEnd { try take(&reader, depth: 0) }
    }
    if shouldContinue { try reader.end() }
    return shouldContinue
  }
}
