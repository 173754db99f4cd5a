// Text in other forms: escaped, widened, with its case swapped.
extension PythonText {
  /// What `markupsafe.escape` makes of text.
  static func escaped(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "&"): text += Array("&amp;".utf8)
      case UInt8(ascii: "<"): text += Array("&lt;".utf8)
      case UInt8(ascii: ">"): text += Array("&gt;".utf8)
      case UInt8(ascii: "\""): text += Array("&#34;".utf8)
      case UInt8(ascii: "'"): text += Array("&#39;".utf8)
      default: text.append(byte)
      }
    }
    return text
  }

  /// What `urllib.parse.quote` makes of text: letters, digits, `_.-~` and what is in `safe` stay.
  static func quoted(_ bytes: [UInt8], safe: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2E, 0x2D, 0x7E: [byte]
      default: safe.contains(byte) ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
  }

  /// `str.swapcase`.
  static func swapped(_ bytes: [UInt8]) -> [UInt8] {
    let text = scalars(bytes)
    return text.indices.flatMap { index -> [UInt8] in
      text[index].properties.isUppercase
        ? lower(text, index)
        : text[index].properties.isLowercase ? upper(Self.bytes([text[index]])) : Self.bytes([text[index]])
    }
  }

  /// `str.istitle`: capitals stand where words begin, and only there.
  static func isTitle(_ bytes: [UInt8]) -> Bool {
    var (hasCased, isInside) = (false, false)
    for scalar in scalars(bytes) {
      if scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter {
        if isInside { return false }
        (hasCased, isInside) = (true, true)
      } else if scalar.properties.isLowercase {
        if !isInside { return false }
        hasCased = true
      } else {
        isInside = false
      }
    }
    return hasCased
  }

  /// `str.expandtabs`.
  static func withoutTabs(_ bytes: [UInt8], width: Int) -> [UInt8] {
    var result: [Unicode.Scalar] = []
    var column = 0
    for scalar in scalars(bytes) {
      switch scalar {
      case "\t":
        let count = width > 0 ? width - column % width : 0
        result += [Unicode.Scalar](repeating: " ", count: count)
        column += count
      case "\n", "\r":
        result.append(scalar)
        column = 0
      default:
        result.append(scalar)
        column += 1
      }
    }
    return Self.bytes(result)
  }

  /// How many words there are, in the sense of `\w+`.
  static func wordCount(_ bytes: [UInt8]) -> Int {
    var (count, isInside) = (0, false)
    for scalar in scalars(bytes) {
      let isWord = scalar == "_" || isLetter(scalar) || scalar.properties.numericType != nil
      if isWord, !isInside { count += 1 }
      isInside = isWord
    }
    return count
  }
}
