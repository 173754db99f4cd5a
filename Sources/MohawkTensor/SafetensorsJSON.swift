/// A strict reader of the JSON that a safetensors header, or the index of its shards, may hold. It never recurses, so that
/// no nesting, however deep, can exhaust the stack; every member's form is asked for by the caller.
package struct SafetensorsJSON {
  /// What is wrong, and at which byte of the text.
  package struct Fault: Error {
    package let reason: String
    package let position: Int
  }

  private let bytes: UnsafeRawBufferPointer
  package private(set) var position = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package func fault(_ reason: String) -> Fault { Fault(reason: reason, position: position) }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// Takes `character` when it comes next.
  package mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  package mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(Fault) {
    guard take(character) else { throw fault("'\(character)' is missing in \(place)") }
  }

  /// Nothing but white space may follow.
  package mutating func expectEnd() throws(Fault) {
    skipSpace()
    guard position == bytes.count else { throw fault("something follows the object") }
  }

  /// A number without sign, fraction or exponent.
  package mutating func natural(_ place: String) throws(Fault) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position], (0x30...0x39).contains(digit) {
      let (tens, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = tens.addingReportingOverflow(Int(digit - 0x30))
      guard !first, !second else { throw fault("a number in \(place) is too large") }
      value = sum
      position += 1
    }
    if start == position {
      let negative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
      throw fault(negative ? "a number in \(place) is negative" : "a whole number is missing in \(place)")
    }
    if position < bytes.count, [0x2E, 0x45, 0x65].contains(bytes[position]) {
      throw fault("a number in \(place) is not whole")
    }
    if bytes[start] == 0x30, position - start > 1 { throw fault("a number in \(place) starts with 0") }
    return value
  }

  mutating func naturals(_ place: String, atMost limit: Int) throws(Fault) -> [Int] {
    try expect("[", place)
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      guard values.count < limit else { throw fault("\(place) has more than \(limit) numbers") }
      values.append(try natural(place))
    } while take(",")
    try expect("]", place)
    return values
  }

  /// Reads past any value. Lists and objects inside one another are counted, not entered.
  package mutating func skipValue(_ place: String, deepest: Int = 64) throws(Fault) {
    var open: [Bool] = []  // true for an object
    while true {
      if take("{") {
        open.append(true)
        if !take("}") {
          guard open.count <= deepest else { throw fault("\(place) is nested too deeply") }
          try key(place)
          continue
        }
        open.removeLast()
      } else if take("[") {
        open.append(false)
        if !take("]") {
          guard open.count <= deepest else { throw fault("\(place) is nested too deeply") }
          continue
        }
        open.removeLast()
      } else {
        try skipScalar(place)
      }
      while let isObject = open.last {
        if take(",") {
          if isObject { try key(place) }
          break
        }
        try expect(isObject ? "}" : "]", place)
        open.removeLast()
      }
      if open.isEmpty { return }
    }
  }

  private mutating func key(_ place: String) throws(Fault) {
    _ = try string(place)
    try expect(":", place)
  }

  /// Reads past a string, a number or a word.
  private mutating func skipScalar(_ place: String) throws(Fault) {
    guard position < bytes.count else { throw fault("a value is missing in \(place)") }
    if bytes[position] == UInt8(ascii: "\"") {
      _ = try string(place)
      return
    }
    let start = position
    loop: while position < bytes.count {
      switch bytes[position] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: position += 1
      default: break loop
      }
    }
    guard Self.isScalar(UnsafeRawBufferPointer(rebasing: bytes[start..<position])) else {
      position = start
      throw fault("a value is missing in \(place)")
    }
  }

  private static func isScalar(_ word: UnsafeRawBufferPointer) -> Bool {
    func equals(_ text: StaticString) -> Bool {
      text.utf8CodeUnitCount == word.count && (0..<word.count).allSatisfy { text.utf8Start[$0] == word[$0] }
    }
    if equals("true") || equals("false") || equals("null") { return true }
    var place = 0
    func next() -> UInt8 { place < word.count ? word[place] : 0 }
    func digits() -> Int {
      let start = place
      while (0x30...0x39).contains(next()) { place += 1 }
      return place - start
    }
    if next() == UInt8(ascii: "-") { place += 1 }
    let startsWithZero = next() == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !startsWithZero || whole == 1 else { return false }
    if next() == UInt8(ascii: ".") {
      place += 1
      guard digits() > 0 else { return false }
    }
    if next() | 0x20 == UInt8(ascii: "e") {
      place += 1
      if next() == UInt8(ascii: "+") || next() == UInt8(ascii: "-") { place += 1 }
      guard digits() > 0 else { return false }
    }
    return place == word.count
  }

  package mutating func string(_ place: String) throws(Fault) -> String {
    try expect("\"", place)
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw fault("a string in \(place) is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += Array(String(try escape(place)).utf8)
      case 0..<0x20: throw fault("a string in \(place) holds a control character")
      default: text.append(byte)
      }
    }
    throw fault("a string in \(place) does not end")
  }

  private mutating func escape(_ place: String) throws(Fault) -> Unicode.Scalar {
    guard position < bytes.count else { throw fault("a string in \(place) does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try codeUnit(place)
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      else { throw fault("half a character is escaped in \(place)") }
      position += 2
      let low = try codeUnit(place)
      guard (0xD800..<0xDC00).contains(high), (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw fault("half a character is escaped in \(place)") }
      return scalar
    default: throw fault("an unknown escape stands in \(place)")
    }
  }

  /// The four hexadecimal digits after `\u`.
  private mutating func codeUnit(_ place: String) throws(Fault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw fault("an unknown escape stands in \(place)")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
