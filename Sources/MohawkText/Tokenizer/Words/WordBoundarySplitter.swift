/// Cuts text that comes in pieces at places that no word and no token crosses: single spaces between two words.
struct WordBoundarySplitter {
  /// Without such a place, this many bytes are handed over as they are, so that memory stays bounded.
  static let longestHold = 1 << 26

  private let canCut: Bool
  private var held: [UInt8] = []

  /// - Parameter canCut: false keeps everything until the end.
  init(canCut: Bool = true) { self.canCut = canCut }

  /// Takes the next bytes and hands over all up to the last border.
  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, take: (UnsafeBufferPointer<UInt8>) -> Void) {
    let searched = max(0, held.count - 8)
    held.append(contentsOf: bytes)
    let cut = held.withUnsafeBufferPointer { all in
      let cut = lastBorder(all, after: searched) ?? (canCut && all.count > Self.longestHold ? all.count : 0)
      if cut > 0 { take(UnsafeBufferPointer(rebasing: all[..<cut])) }
      return cut
    }
    held.removeFirst(cut)
  }

  /// Hands over what is left, and is ready for the next document.
  mutating func finish(take: (UnsafeBufferPointer<UInt8>) -> Void) {
    if !held.isEmpty { held.withUnsafeBufferPointer { take($0) } }
    held.removeAll(keepingCapacity: true)
  }

  private func lastBorder(_ bytes: UnsafeBufferPointer<UInt8>, after searched: Int) -> Int? {
    guard canCut, let base = bytes.baseAddress else { return nil }
    let text = CharacterScanner(base, end: bytes.count)
    var position = bytes.count - 2
    while position > searched {
      if bytes[position] == 0x20, isWordByte(bytes[position - 1]), isWord(text, position + 1) { return position }
      position -= 1
    }
    return nil
  }

  /// Whether a character that is not white space ends with `byte`; some that do are not recognised.
  private func isWordByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F
  }

  private func isWord(_ text: CharacterScanner, _ position: Int) -> Bool {
    let next = text.character(at: position)
    // Bytes that are cut off or broken are no place to stop.
    if next.length == 1, text.bytes[position] >= 0x80 { return false }
    return next.kind != CharacterClass.space.rawValue
  }
}
