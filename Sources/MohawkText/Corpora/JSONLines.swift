import MohawkFiles

/// A file with one JSON object per line, whose member `text` is a document. Blank lines are passed over.
struct JSONLines {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Hands over one document per line. - Returns: false when `body` ended the visit.
  func visit(_ chunks: any ByteChunks, _ body: (DocumentPiece, Int) throws -> Bool) throws -> Bool {
    var mark = ByteOrderMark()
    var number = 0
    var documents = 0
    var lastRead = 0
    var held: [UInt8] = []
    func take(_ line: UnsafeBufferPointer<UInt8>, _ read: Int) throws -> Bool {
      number += 1
      guard let text = try text(of: line, number) else { return true }
      documents += 1
      return try text.withUnsafeBufferPointer {
        try body(DocumentPiece(bytes: $0, isLast: true, location: "\(path):\(number)"), read)
      }
    }
    let goOn = try chunks.visit { chunk, read in
      var rest = mark.drop(chunk)
      lastRead = read
      while let end = rest.firstIndex(of: 0x0A) {
        let line = UnsafeBufferPointer(rebasing: rest[..<end])
        rest = UnsafeBufferPointer(rebasing: rest[(end + 1)...])
        if held.isEmpty {
          if try !take(line, read) { return false }
        } else {
          held.append(contentsOf: line)
          if try !held.withUnsafeBufferPointer({ try take($0, read) }) { return false }
          held.removeAll(keepingCapacity: true)
        }
      }
      held.append(contentsOf: rest)
      return true
    }
    if !goOn { return false }
    if !held.isEmpty, try !held.withUnsafeBufferPointer({ try take($0, lastRead) }) { return false }
    if documents == 0 {
      throw MohawkError(.invalidValue, "the file holds no text", at: path, remedy: "remove it or fill it")
    }
    return true
  }

  private func text(of line: UnsafeBufferPointer<UInt8>, _ number: Int) throws -> [UInt8]? {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
    func fault(_ message: String) -> MohawkError {
      MohawkError(
        .invalidFormat, message, at: "\(path):\(number)", remedy: #"every line must be an object like {"text": "..."}"#)
    }
    var text: [UInt8]?
    do {
      var reader = JSONReader(line)
      guard try reader.peek() == UInt8(ascii: "{") else { throw fault("the line is not a JSON object") }
      try reader.object(depth: 0) { reader, key in
        guard key == Array("text".utf8) else { return _ = try reader.value(depth: 1) }
        guard try reader.peek() == UInt8(ascii: "\"") else {
          throw fault("the member \"text\" is \(try reader.value(depth: 1).summary), not a string")
        }
        text = try reader.string()
      }
      try reader.end()
    } catch let error as JSONFault {
      throw fault("\(error.message) (column \(error.offset + 1))")
    }
    guard let text else { throw fault("the member \"text\" is missing") }
    if text.isEmpty { throw fault("the text is empty") }
    return text
  }
}
