/// Whether the pieces of a document are UTF-8 together: a character may be cut in two between them.
struct UTF8Check {
  /// The beginning of a character whose end has not come.
  private var rest: [UInt8] = []
  private var isDamaged = false

  /// Takes the next piece.
  /// - Returns: false at the end of a document that is not UTF-8, true otherwise.
  mutating func take(_ piece: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Bool {
    if !isDamaged, !piece.isEmpty {
      if rest.isEmpty {
        look(at: piece)
      } else {
        (rest + piece).withUnsafeBufferPointer { look(at: $0) }
      }
    }
    guard isLast else { return true }
    defer { (rest, isDamaged) = ([], false) }
    return !isDamaged && rest.isEmpty
  }

  private mutating func look(at bytes: UnsafeBufferPointer<UInt8>) {
    let end = bytes.count - Self.open(bytes)
    isDamaged = String(validating: UnsafeBufferPointer(rebasing: bytes[..<end]), as: UTF8.self) == nil
    rest = Array(bytes[end...])
  }

  /// How many bytes at the end begin a character that goes on.
  private static func open(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    for length in 1...min(3, bytes.count) {
      let byte = bytes[bytes.count - length]
      if byte & 0xC0 == 0x80 { continue }
      let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return needed > length ? length : 0
    }
    return 0
  }
}
