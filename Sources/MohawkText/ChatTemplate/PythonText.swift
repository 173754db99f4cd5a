/// Operations on text as Python's `str` has them: the text is valid UTF-8, what is counted are code points.
package enum PythonText {
  /// Whether Python counts the character as white space (`str.isspace`).
  package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// The character that starts at `index`, and how many bytes it has.
  static func scalar(_ bytes: [UInt8], at index: Int) -> (scalar: Unicode.Scalar, count: Int) {
    let first = bytes[index]
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var value = UInt32(first) & (count == 2 ? 0x1F : count == 3 ? 0x0F : 0x07)
    for offset in 1..<count where index + offset < bytes.count {
      value = value << 6 | UInt32(bytes[index + offset] & 0x3F)
    }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", min(count, bytes.count - index))
  }

  /// The characters.
  static func scalars(_ bytes: [UInt8]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let (scalar, count) = scalar(bytes, at: index)
      result.append(scalar)
      index += count
    }
    return result
  }

  static func bytes(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
    var result: [UInt8] = []
    for scalar in scalars {
      if scalar.value < 0x80 { result.append(UInt8(scalar.value)) } else { result += UTF8.encode(scalar)! }
    }
    return result
  }

  /// How many characters there are.
  package static func length(_ bytes: some Sequence<UInt8>) -> Int {
    var count = 0
    for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  static func isASCII(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 < 0x80 } }

  /// Where the white space that starts at `start` ends.
  package static func spaceEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var index = start
    while index < bytes.count {
      let (scalar, count) = scalar(bytes, at: index)
      if !isSpace(scalar) { break }
      index += count
    }
    return index
  }

  /// `str.strip`, `lstrip` and `rstrip`; `characters` nil means white space.
  package static func trimmed(_ bytes: [UInt8], _ characters: [UInt8]? = nil, left: Bool = true, right: Bool = true)
    -> [UInt8]
  {
    let set = characters.map { Set(scalars($0)) }
    func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var start = 0
    var end = bytes.count
    while left, start < end {
      let (scalar, count) = scalar(bytes, at: start)
      if !goes(scalar) { break }
      start += count
    }
    while right, start < end {
      var begin = end - 1
      while begin > start, bytes[begin] & 0xC0 == 0x80 { begin -= 1 }
      if !goes(scalar(bytes, at: begin).scalar) { break }
      end = begin
    }
    return start == 0 && end == bytes.count ? bytes : Array(bytes[start..<end])
  }

  /// Where `part` stands first in `bytes`, from `start` on; in linear time (Knuth, Morris and Pratt 1977).
  package static func find(_ part: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
    if part.isEmpty { return start <= bytes.count ? start : nil }
    if part.count > bytes.count - start { return nil }
    // borders[i]: the longest beginning of the part that also ends at i, and is not all of it.
    var borders = [Int](repeating: 0, count: part.count)
    var matched = 0
    for index in part.indices.dropFirst() {
      while matched > 0, part[index] != part[matched] { matched = borders[matched - 1] }
      if part[index] == part[matched] { matched += 1 }
      borders[index] = matched
    }
    matched = 0
    for index in start..<bytes.count {
      while matched > 0, bytes[index] != part[matched] { matched = borders[matched - 1] }
      if bytes[index] == part[matched] { matched += 1 }
      if matched == part.count { return index + 1 - part.count }
    }
    return nil
  }

  /// Where `part` stands last in `bytes`.
  static func findLast(_ part: [UInt8], in bytes: [UInt8]) -> Int? {
    find(part.reversed(), in: bytes.reversed()).map { bytes.count - part.count - $0 }
  }
}

// Pieces.
extension PythonText {
  /// `str.split` and `rsplit`; `separator` nil means runs of white space; no `limit` below 0.
  static func split(_ bytes: [UInt8], _ separator: [UInt8]?, limit: Int, fromRight: Bool) -> [[UInt8]] {
    let limit = limit < 0 ? Int.max : limit
    guard let separator else { return fromRight ? wordsFromRight(bytes, limit) : words(bytes, limit) }
    if fromRight {
      let pieces = split(bytes.reversed(), separator.reversed(), limit: limit, fromRight: false)
      return pieces.reversed().map { $0.reversed() }
    }
    var pieces: [[UInt8]] = []
    var start = 0
    while pieces.count < limit, let found = find(separator, in: bytes, from: start) {
      pieces.append(Array(bytes[start..<found]))
      start = found + separator.count
    }
    pieces.append(Array(bytes[start...]))
    return pieces
  }

  private static func words(_ bytes: [UInt8], _ limit: Int) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var index = spaceEnd(bytes, from: 0)
    while index < bytes.count {
      if pieces.count == limit {
        pieces.append(Array(bytes[index...]))
        break
      }
      let start = index
      while index < bytes.count {
        let (scalar, count) = scalar(bytes, at: index)
        if isSpace(scalar) { break }
        index += count
      }
      pieces.append(Array(bytes[start..<index]))
      index = spaceEnd(bytes, from: index)
    }
    return pieces
  }

  private static func wordsFromRight(_ bytes: [UInt8], _ limit: Int) -> [[UInt8]] {
    let reversed = words(Self.bytes(scalars(bytes).reversed()), limit)
    return reversed.reversed().map { Self.bytes(scalars($0).reversed()) }
  }

  /// `str.splitlines`.
  static func lines(_ bytes: [UInt8], keepEnds: Bool = false) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = 0
    var index = 0
    while index < bytes.count {
      let (scalar, count) = scalar(bytes, at: index)
      var end = index + count
      switch scalar.value {
      case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
        if scalar == "\r", end < bytes.count, bytes[end] == 0x0A { end += 1 }
        lines.append(Array(bytes[start..<(keepEnds ? end : index)]))
        start = end
      default: break
      }
      index = end
    }
    if start < bytes.count { lines.append(Array(bytes[start...])) }
    return lines
  }

  /// Where the copies of `part` stand that `str.replace` would exchange, at most `limit` (no limit below 0).
  static func places(_ part: [UInt8], in bytes: [UInt8], limit: Int) -> [Int] {
    var result: [Int] = []
    let limit = limit < 0 ? Int.max : limit
    if part.isEmpty {
      for index in 0...bytes.count where index == bytes.count || bytes[index] & 0xC0 != 0x80 {
        if result.count == limit { break }
        result.append(index)
      }
      return result
    }
    var start = 0
    while result.count < limit, let found = find(part, in: bytes, from: start) {
      result.append(found)
      start = found + part.count
    }
    return result
  }

  static func replaced(_ bytes: [UInt8], at places: [Int], count: Int, by new: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var start = 0
    for place in places {
      result += bytes[start..<place]
      result += new
      start = place + count
    }
    result += bytes[start...]
    return result
  }
}
