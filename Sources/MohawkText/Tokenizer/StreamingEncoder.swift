/// Encodes a long document piece by piece, with the ids of the whole.
///
/// It encodes up to a place where no token can cross, a single space between two words, and keeps the rest for later.
public struct StreamingEncoder {
  /// Without such a place, this many bytes are encoded as they are, so that memory stays bounded.
  static let longestHold = 1 << 26

  private let tokenizer: Tokenizer
  private let special: Tokenizer.SpecialTokens
  private let canCut: Bool
  private var held: [UInt8] = []

  public init(_ tokenizer: Tokenizer, special: Tokenizer.SpecialTokens = .matched) {
    self.tokenizer = tokenizer
    self.special = special
    // An added token with a space beside a letter could stand across the cut.
    canCut = !tokenizer.addedTokens.contains { token in
      token.stripsLeft || token.stripsRight
        || (token.content.utf8.contains(0x20) && token.content.unicodeScalars.contains { !$0.properties.isWhitespace })
    }
  }

  /// Takes the next bytes of the document and appends the ids that are certain by now.
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    let searched = max(0, held.count - 8)
    held.append(contentsOf: bytes)
    let cut = held.withUnsafeBufferPointer { all in
      let cut = lastCut(all, after: searched) ?? (all.count > Self.longestHold ? all.count : 0)
      tokenizer.encode(UnsafeBufferPointer(rebasing: all[..<cut]), special: special, into: &ids)
      return cut
    }
    held.removeFirst(cut)
  }

  /// Appends the ids of what is left. The encoder is then ready for the next document.
  public mutating func finish(into ids: inout [Int32]) {
    held.withUnsafeBufferPointer { tokenizer.encode($0, special: special, into: &ids) }
    held.removeAll(keepingCapacity: true)
  }

  /// The last single space between two characters that are not white space.
  private func lastCut(_ bytes: UnsafeBufferPointer<UInt8>, after searched: Int) -> Int? {
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
