#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a text is not JSON: what is wrong, and at which byte.
struct JSONFault: Error, Equatable {
  let message: String
  let offset: Int
}

/// Reads JSON (RFC 8259) from bytes. Strings come out as bytes, nesting is limited, nothing is guessed.
struct JSONReader {
  /// Deeper nesting is refused, so that a hostile file cannot exhaust the stack.
  static let deepest = 128

  let bytes: UnsafeBufferPointer<UInt8>
  private(set) var offset = 0
  /// Whether `NaN`, infinities and halves of surrogate pairs are read, as Python does: the first two as numbers, a half as
  /// the three bytes that UTF-8 would have for it, which are no UTF-8.
  private let isLenient: Bool

  init(_ bytes: UnsafeBufferPointer<UInt8>, isLenient: Bool = false) {
    self.bytes = bytes
    self.isLenient = isLenient
  }

  /// Reads one value that fills all the bytes.
  static func document(_ bytes: UnsafeBufferPointer<UInt8>, isLenient: Bool = false) throws -> JSONValue {
    var reader = JSONReader(bytes, isLenient: isLenient)
    let value = try reader.value()
    try reader.end()
    return value
  }

  /// The next value.
  mutating func value(depth: Int = 0) throws -> JSONValue {
    switch try peek() {
    case UInt8(ascii: "{"):
      var members: [(key: [UInt8], value: JSONValue)] = []
      try object(depth: depth) { reader, key in
        members.append((Array(key), try reader.value(depth: depth + 1)))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var values: [JSONValue] = []
      try array(depth: depth) { reader in values.append(try reader.value(depth: depth + 1)) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"):
      let start = offset
      if isLenient, try skipNotFinite() { return .number(Array(bytes[start..<offset])) }
      return .number(try number())
    default: return .number(try number())
    }
  }

  /// Passes over the next value without keeping it. What other writers put where nobody reads does not matter: `NaN`
  /// and infinities, as Python writes them, and strings that are no text.
  mutating func skip(depth: Int = 0) throws {
    switch try peek() {
    case UInt8(ascii: "{"):
      try enter(depth)
      try expect("{")
      if try peek() == UInt8(ascii: "}") { return try expect("}") }
      while true {
        guard try peek() == UInt8(ascii: "\"") else { throw fault("a key in double quotes is missing") }
        try skipString()
        try expect(":")
        try skip(depth: depth + 1)
        if try peek() != UInt8(ascii: ",") { return try expect("}") }
        offset += 1
      }
    case UInt8(ascii: "["): try array(depth: depth) { reader in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): try skipString()
    default: if try !skipNotFinite() { _ = try value(depth: depth) }
    }
  }

  /// Passes over a string in double quotes, whatever its escapes stand for.
  private mutating func skipString() throws {
    let start = offset
    offset += 1
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        offset += 1
        return
      case UInt8(ascii: "\\"): offset += 2
      default: offset += 1
      }
    }
    throw fault("a string is not closed", at: start)
  }

  /// Passes over `NaN` or an infinity; false when something else comes next.
  private mutating func skipNotFinite() throws -> Bool {
    switch bytes[offset] {
    case UInt8(ascii: "N"): try literal("NaN")
    case UInt8(ascii: "I"): try literal("Infinity")
    case UInt8(ascii: "-") where offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "I"):
      try literal("-Infinity")
    default: return false
    }
    return true
  }

  /// Whether only white space is left.
  var isAtEnd: Bool {
    bytes[min(offset, bytes.count)...].allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
  }

  /// Reads an object; `member` must read the value of each key, whose bytes are there during the call only.
  mutating func object(
    depth: Int, member: (inout JSONReader, UnsafeBufferPointer<UInt8>) throws -> Void
  ) throws {
    try enter(depth)
    try expect("{")
    if try peek() == UInt8(ascii: "}") { return try expect("}") }
    while true {
      guard try peek() == UInt8(ascii: "\"") else { throw fault("a key in double quotes is missing") }
      try withString(allowsHalves: true) { reader, key in
        try reader.expect(":")
        try member(&reader, key)
      }
      if try peek() != UInt8(ascii: ",") { return try expect("}") }
      offset += 1
    }
  }

  /// Reads an array; `element` must read each value.
  mutating func array(depth: Int, element: (inout JSONReader) throws -> Void) throws {
    try enter(depth)
    try expect("[")
    if try peek() == UInt8(ascii: "]") { return try expect("]") }
    while true {
      try element(&self)
      if try peek() != UInt8(ascii: ",") { return try expect("]") }
      offset += 1
    }
  }

  /// Demands that only white space is left.
  mutating func end() throws {
    skipSpace()
    if offset < bytes.count { throw fault("something follows the value") }
  }

  /// The next byte that is not white space.
  mutating func peek() throws -> UInt8 {
    skipSpace()
    guard offset < bytes.count else { throw fault("the text ends too early") }
    return bytes[offset]
  }

  func fault(_ message: String, at position: Int? = nil) -> JSONFault {
    JSONFault(message: message, offset: position ?? offset)
  }

  private func enter(_ depth: Int) throws {
    if depth >= Self.deepest { throw fault("values are nested more than \(Self.deepest) deep") }
  }

  private mutating func expect(_ symbol: Unicode.Scalar) throws {
    guard try peek() == UInt8(ascii: symbol) else { throw fault("'\(symbol)' is missing") }
    offset += 1
  }

  private mutating func literal(_ word: StaticString) throws {
    let count = word.utf8CodeUnitCount
    guard bytes.count - offset >= count, memcmp(bytes.baseAddress! + offset, word.utf8Start, count) == 0 else {
      throw fault("this is no JSON value")
    }
    offset += count
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func number() throws -> [UInt8] {
    let start = offset
    func digit(_ at: Int) -> Bool { at < bytes.count && (0x30...0x39).contains(bytes[at]) }
    func symbol(_ at: Int, _ symbols: UInt8...) -> Bool { at < bytes.count && symbols.contains(bytes[at]) }
    var end = offset
    if symbol(end, UInt8(ascii: "-")) { end += 1 }
    guard digit(end) else { throw fault("this is no JSON value") }
    if bytes[end] == 0x30, digit(end + 1) { throw fault("a number starts with 0") }
    while digit(end) { end += 1 }
    if symbol(end, UInt8(ascii: ".")) {
      end += 1
      guard digit(end) else { throw fault("a digit is missing", at: end) }
      while digit(end) { end += 1 }
    }
    if symbol(end, UInt8(ascii: "e"), UInt8(ascii: "E")) {
      end += 1
      if symbol(end, UInt8(ascii: "-"), UInt8(ascii: "+")) { end += 1 }
      guard digit(end) else { throw fault("a digit is missing", at: end) }
      while digit(end) { end += 1 }
    }
    offset = end
    return Array(bytes[start..<end])
  }
}

extension JSONReader {
  /// A whole number of up to nine digits; nil, and nothing is read, where something else comes next.
  mutating func shortNumber() throws -> Int? {
    var digit = try peek() &- 0x30
    guard digit < 10 else { return nil }
    let start = offset
    var (end, value) = (offset, 0)
    while digit < 10, end - start < 10 {
      value = value * 10 + Int(digit)
      end += 1
      digit = end < bytes.count ? bytes[end] &- 0x30 : 0xFF
    }
    let isFraction =
      end < bytes.count && [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[end])
    if end - start > 9 || isFraction || end - start > 1 && bytes[start] == 0x30 { return nil }
    offset = end
    return value
  }

  /// A string in double quotes, whose bytes are there during the call only: those of the text itself where none is escaped.
  mutating func withString<Result>(
    allowsHalves: Bool = false, _ body: (inout JSONReader, UnsafeBufferPointer<UInt8>) throws -> Result
  ) throws -> Result {
    let start = offset + 1
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\"), bytes[end] >= 0x20 {
      end += 1
    }
    if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
      offset = end + 1
      return try body(&self, UnsafeBufferPointer(rebasing: bytes[start..<end]))
    }
    let unescaped = try string(allowsHalves: allowsHalves)
    return try unescaped.withUnsafeBufferPointer { try body(&self, $0) }
  }

  /// A string in double quotes, unescaped. Bytes that are not UTF-8 are kept as they are.
  /// - Parameter allowsHalves: whether halves of surrogate pairs are read too, as in keys, which nobody need know.
  mutating func string(allowsHalves: Bool = false) throws -> [UInt8] {
    let start = offset
    offset += 1
    var result: [UInt8] = []
    var runStart = offset
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        result.append(contentsOf: bytes[runStart..<offset])
        offset += 1
        return result
      }
      if byte < 0x20 { throw fault("a control character stands unescaped in a string") }
      if byte == UInt8(ascii: "\\") {
        result.append(contentsOf: bytes[runStart..<offset])
        try escape(into: &result, allowsHalves || isLenient)
        runStart = offset
      } else {
        offset += 1
      }
    }
    throw fault("a string is not closed", at: start)
  }

  private mutating func escape(into result: inout [UInt8], _ allowsHalves: Bool) throws {
    let start = offset
    guard offset + 1 < bytes.count else { throw fault("the text ends too early", at: bytes.count) }
    offset += 2
    switch bytes[start + 1] {
    case UInt8(ascii: "\""): result.append(0x22)
    case UInt8(ascii: "\\"): result.append(0x5C)
    case UInt8(ascii: "/"): result.append(0x2F)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var value = try fourDigits()
      let end = offset
      if (0xD800..<0xDC00).contains(value) {
        guard offset + 1 < bytes.count, bytes[offset] == 0x5C, bytes[offset + 1] == UInt8(ascii: "u") else {
          return try half(value, start, end, &result, allowsHalves)
        }
        offset += 2
        let low = try fourDigits()
        guard (0xDC00..<0xE000).contains(low) else { return try half(value, start, end, &result, allowsHalves) }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { return try half(value, start, end, &result, allowsHalves) }
      result.append(contentsOf: UTF8.encode(scalar)!)
    default: throw fault("unknown escape in a string", at: start)
    }
  }

  /// Half of a surrogate pair, whose escape lies between two offsets.
  private mutating func half(_ value: UInt32, _ start: Int, _ end: Int, _ result: inout [UInt8], _ isAllowed: Bool)
    throws
  {
    guard isAllowed else { throw fault("half of a surrogate pair stands alone", at: start) }
    offset = end
    result += [UInt8(0xE0 | value >> 12), UInt8(0x80 | value >> 6 & 0x3F), UInt8(0x80 | value & 0x3F)]
  }

  private mutating func fourDigits() throws -> UInt32 {
    guard offset + 4 <= bytes.count else { throw fault("the text ends too early", at: bytes.count) }
    var value: UInt32 = 0
    for position in offset..<offset + 4 {
      let byte = bytes[position]
      let digit: UInt8 =
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: throw fault("\\u needs four hexadecimal digits", at: position)
        }
      value = value << 4 | UInt32(digit)
    }
    offset += 4
    return value
  }
}
