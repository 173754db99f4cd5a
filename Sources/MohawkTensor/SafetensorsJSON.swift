/// A strict reader of the only JSON that a safetensors header may hold. It never recurses, so that no nesting, however
/// deep, can exhaust the stack; every member's form is asked for by the caller.
struct SafetensorsJSON {
  /// What is wrong, and at which byte of the header.
  struct Fault: Error {
    let reason: String
    let position: Int
  }

  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  func fault(_ reason: String) -> Fault { Fault(reason: reason, position: position) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
  }

  /// Takes `character` when it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(Fault) {
    guard take(character) else { throw fault("'\(character)' is missing in \(place)") }
  }

  /// Nothing but white space may follow.
  mutating func expectEnd() throws(Fault) {
    skipSpace()
    guard position == bytes.count else { throw fault("something follows the header's object") }
  }

  /// A number without sign, fraction or exponent.
  mutating func natural(_ place: String) throws(Fault) -> Int {
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

  mutating func string(_ place: String) throws(Fault) -> String {
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
