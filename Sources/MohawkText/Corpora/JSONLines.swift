import MohawkFiles

/// A file with one JSON object per line, each a document. Blank lines are passed over.
struct JSONLines {
  private let path: String
  private let document: JSONDocument

  init(_ path: String, _ document: JSONDocument) {
    self.path = path
    self.document = document
  }

  /// Hands over one document per line. - Returns: false when `body` ended the visit.
  func visit(_ chunks: any ByteChunks, _ body: (DocumentPiece, Int) throws -> Bool) throws -> Bool {
    var number = 0
    var lastRead = 0
    var held: [UInt8] = []
    func take(_ line: UnsafeBufferPointer<UInt8>, _ read: Int) throws -> Bool {
      number += 1
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return true }
      let place = "\(path):\(number)"
      let text = try text(of: line, place)
      return try text.bytes.withUnsafeBufferPointer {
        try body(
          DocumentPiece(bytes: $0, isLast: true, location: place, isRendered: text.isRendered, answers: text.answers),
          read)
      }
    }
    let shouldContinue = try chunks.visit { chunk, read in
      var rest = chunk
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
    if !shouldContinue { return false }
    return try held.isEmpty || held.withUnsafeBufferPointer { try take($0, lastRead) }
  }

  private func text(of line: UnsafeBufferPointer<UInt8>, _ place: String) throws -> JSONDocument.Text {
    do {
      var reader = JSONReader(line)
      let text = try document.text(&reader, depth: 0, at: place)
      try reader.end()
      return text
    } catch let error as JSONFault {
      throw document.fault("\(error.message) (column \(error.offset + 1))", place)
    }
  }
}
