// Numbers and strings as Python writes them.
extension JinjaLexer {
  private func isDigit(_ index: Int) -> Bool {
    index < source.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(source[index])
  }

  /// The end of digits with single underscores between them.
  private func digitsEnd(_ start: Int) -> Int? {
    guard isDigit(start) else { return nil }
    var end = start + 1
    while isDigit(end) || (end < source.count && source[end] == UInt8(ascii: "_") && isDigit(end + 1)) { end += 1 }
    return end
  }

  mutating func number() throws {
    let start = position
    let followsDot = start > 0 && source[start - 1] == UInt8(ascii: ".")
    if !followsDot, let whole = digitsEnd(start), let end = fractionEnd(whole) {
      let text = String(decoding: source[start..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
      guard let value = Double(text) else { throw JinjaFault("a number that cannot be read", line: line) }
      add(.float(value))
      return moved(to: end)
    }
    if source[start] == UInt8(ascii: "0"), let (radix, end) = prefixed(start) {
      return try integer(start + 2..<end, radix: radix)
    }
    var end = digitsEnd(start)!
    if source[start] == UInt8(ascii: "0") {
      end = start + 1
      while end < source.count, source[end] == UInt8(ascii: "0") { end += 1 }
    }
    try integer(start..<end, radix: 10)
  }

  /// The end of `.digits`, of an exponent, or of both; nil when there is neither.
  private func fractionEnd(_ start: Int) -> Int? {
    var end = start
    if end < source.count, source[end] == UInt8(ascii: "."), let fraction = digitsEnd(end + 1) { end = fraction }
    if end < source.count, source[end] | 0x20 == UInt8(ascii: "e") {
      let hasSign =
        end + 1 < source.count && (source[end + 1] == UInt8(ascii: "-") || source[end + 1] == UInt8(ascii: "+"))
      if let exponent = digitsEnd(end + (hasSign ? 2 : 1)) { return exponent }
    }
    return end > start ? end : nil
  }

  private func prefixed(_ start: Int) -> (radix: Int, end: Int)? {
    guard start + 2 < source.count else { return nil }
    let radix: Int
    switch source[start + 1] | 0x20 {
    case UInt8(ascii: "b"): radix = 2
    case UInt8(ascii: "o"): radix = 8
    case UInt8(ascii: "x"): radix = 16
    default: return nil
    }
    func isDigit(_ index: Int) -> Bool {
      guard index < source.count else { return false }
      return Character(Unicode.Scalar(source[index])).hexDigitValue.map { $0 < radix } ?? false
    }
    var end = start + 2
    while isDigit(end) || (end < source.count && source[end] == UInt8(ascii: "_") && isDigit(end + 1)) { end += 1 }
    return end > start + 2 ? (radix, end) : nil
  }

  private mutating func integer(_ range: Range<Int>, radix: Int) throws {
    let digits = String(decoding: source[range].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    guard let value = Int(digits, radix: radix) else {
      throw JinjaFault.unsupported("an integer of more than 64 bits", line: line)
    }
    add(.integer(value))
    moved(to: range.upperBound)
  }

  mutating func string() throws {
    let quote = source[position]
    var result: [UInt8] = []
    var index = position + 1
    while index < source.count {
      let next = source[index]
      if next == quote {
        add(.string(result))
        return moved(to: index + 1)
      }
      index += 1
      if next == UInt8(ascii: "\\") {
        try escape(&index, into: &result)
      } else {
        result.append(next)
      }
    }
    throw JinjaFault("a string is not closed", line: line)
  }

  /// The escape whose backslash stands before `index`; an unknown one stays as it is.
  private func escape(_ index: inout Int, into result: inout [UInt8]) throws {
    guard index < source.count else { return }
    let letter = source[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\n"): break
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(letter)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "a"): result.append(0x07)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "v"): result.append(0x0B)
    case UInt8(ascii: "x"): try scalar(&index, digits: 2, into: &result)
    case UInt8(ascii: "u"): try scalar(&index, digits: 4, into: &result)
    case UInt8(ascii: "U"): try scalar(&index, digits: 8, into: &result)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      var value = UInt32(letter - 0x30)
      for _ in 0..<2 where index < source.count && (0x30...0x37).contains(source[index]) {
        value = value * 8 + UInt32(source[index] - 0x30)
        index += 1
      }
      result.append(contentsOf: UTF8.encode(Unicode.Scalar(value)!)!)
    case UInt8(ascii: "N"), 0x80...:
      throw JinjaFault.unsupported("the escape `\\N`, or a backslash before a letter beyond ASCII,", line: line)
    default: result += [UInt8(ascii: "\\"), letter]
    }
  }

  private func scalar(_ index: inout Int, digits: Int, into result: inout [UInt8]) throws {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard index < source.count, let digit = Character(Unicode.Scalar(source[index])).hexDigitValue, value < 1 << 28
      else {
        throw JinjaFault("an escape in a string has too few hexadecimal digits", line: line)
      }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw JinjaFault("an escape in a string names no character", line: line)
    }
    result.append(contentsOf: UTF8.encode(scalar)!)
  }
}
