/// GPT-2's word pattern (Radford et al. 2019), scanned by hand:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
enum GPT2Words {
  static let pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// Where the word that starts at `start` ends.
  @inline(__always) static func wordEnd(_ text: CharacterScanner, from start: Int) -> Int {
    let first = text.bytes[start]
    if first == UInt8(ascii: "'"), let end = contractionEnd(text, from: start) { return end }
    var (kind, length) = text.character(at: start)
    var position = start
    if first == 0x20, start + 1 < text.end {
      let second = text.character(at: start + 1)
      if second.kind != CharacterClass.space.rawValue {
        position += 1
        (kind, length) = second
      }
    }
    if kind == CharacterClass.space.rawValue { return spaceEnd(text, from: start) }
    position += length
    while position < text.end {
      let next = text.character(at: position)
      if next.kind != kind { break }
      position += next.length
    }
    return position
  }

  private static func contractionEnd(_ text: CharacterScanner, from start: Int) -> Int? {
    guard start + 1 < text.end else { return nil }
    let second = text.bytes[start + 1]
    switch second {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    default: break
    }
    guard start + 2 < text.end else { return nil }
    switch (second, text.bytes[start + 2]) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    default: return nil
    }
  }

  /// A run of white space leaves its last character to the word that follows.
  private static func spaceEnd(_ text: CharacterScanner, from start: Int) -> Int {
    var position = start
    var last = start
    while position < text.end {
      let next = text.character(at: position)
      if next.kind != CharacterClass.space.rawValue { break }
      last = position
      position += next.length
    }
    return position == text.end || last == start ? position : last
  }
}
