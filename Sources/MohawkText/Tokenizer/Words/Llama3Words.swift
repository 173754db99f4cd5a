/// The word pattern of Llama 3, and with one digit of Qwen 2, scanned by hand:
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
enum Llama3Words {
  static func pattern(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private static let letter = CharacterClass.letter.rawValue
  private static let number = CharacterClass.number.rawValue
  private static let space = CharacterClass.space.rawValue
  private static let other = CharacterClass.other.rawValue

  /// Where the word that starts at `start` ends.
  @inline(__always) static func wordEnd(_ text: CharacterScanner, from start: Int, digits: Int) -> Int {
    let (kind, length) = text.character(at: start)
    let first = text.bytes[start]
    let second = start + length
    if kind == letter { return runEnd(text, from: second, letter) }
    if kind == number { return numberEnd(text, from: second, digits - 1) }
    if first == UInt8(ascii: "'"), let end = contractionEnd(text, from: start) { return end }
    if second < text.end, !isLineEnd(first) {
      let next = text.character(at: second)
      if next.kind == letter { return runEnd(text, from: second + next.length, letter) }
      if first == 0x20, next.kind == other { return lineEnds(text, from: runEnd(text, from: second, other)) }
    }
    if kind == other { return lineEnds(text, from: runEnd(text, from: second, other)) }
    return spaceEnd(text, from: start)
  }

  @inline(__always) private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  @inline(__always) private static func runEnd(_ text: CharacterScanner, from start: Int, _ kind: UInt8) -> Int {
    var position = start
    while position < text.end {
      let next = text.character(at: position)
      if next.kind != kind { break }
      position += next.length
    }
    return position
  }

  private static func numberEnd(_ text: CharacterScanner, from start: Int, _ most: Int) -> Int {
    var position = start
    var left = most
    while left > 0, position < text.end {
      let next = text.character(at: position)
      if next.kind != number { break }
      position += next.length
      left -= 1
    }
    return position
  }

  @inline(__always) private static func lineEnds(_ text: CharacterScanner, from start: Int) -> Int {
    var position = start
    while position < text.end, isLineEnd(text.bytes[position]) { position += 1 }
    return position
  }

  /// White space up to its last line end; else all of it at the end of the text; else all but its last character.
  private static func spaceEnd(_ text: CharacterScanner, from start: Int) -> Int {
    var position = start
    var last = start
    var afterLine = start
    while position < text.end {
      let next = text.character(at: position)
      if next.kind != space { break }
      last = position
      if isLineEnd(text.bytes[position]) { afterLine = position + 1 }
      position += next.length
    }
    if afterLine > start { return afterLine }
    return position == text.end || last == start ? position : last
  }

  private static func contractionEnd(_ text: CharacterScanner, from start: Int) -> Int? {
    guard start + 1 < text.end else { return nil }
    switch text.bytes[start + 1] | 0x20 {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    default: break
    }
    guard start + 2 < text.end else { return nil }
    switch (text.bytes[start + 1] | 0x20, text.bytes[start + 2] | 0x20) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    case (0xE5, 0xBF) where text.bytes[start + 1] == 0xC5: return start + 3  // U+017F, which folds to s
    default: return nil
    }
  }
}
