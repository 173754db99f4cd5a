import Foundation

/// How Python writes one value into a text: what stands after `%`, or in the braces of `str.format`.
struct PythonFormat {
  var fill: Unicode.Scalar = " "
  /// `<`, `>`, `^`, or `=` for padding between sign and digits; nil is what suits the value.
  var align: Unicode.Scalar?
  /// `-` writes a sign below 0 only, `+` always, a space keeps room for one.
  var sign: Unicode.Scalar = "-"
  var isAlternate = false
  var width = 0
  /// `,` or `_` between thousands.
  var grouping: Unicode.Scalar?
  var precision: Int?
  /// The letter of the presentation; nil is what suits the value.
  var type: Unicode.Scalar?

  /// Widths and precisions beyond this are refused.
  static let widest = 65_536

  init() {}

  /// What stands behind the colon in a field of `str.format`.
  init(_ specification: String) throws {
    var rest = Array(specification.unicodeScalars)[...]
    func isAlign(_ scalar: Unicode.Scalar) -> Bool { "<>^=".unicodeScalars.contains(scalar) }
    func taken(_ scalars: String) -> Unicode.Scalar? {
      rest.first.flatMap { scalars.unicodeScalars.contains($0) ? rest.popFirst() : nil }
    }
    if rest.count > 1, isAlign(rest[1]) {
      (fill, align) = (rest[0], rest[1])
      rest = rest.dropFirst(2)
    } else {
      align = taken("<>^=")
    }
    sign = taken("+- ") ?? "-"
    isAlternate = taken("#") != nil
    if taken("0") != nil, align == nil { (fill, align) = ("0", "=") }
    width = try Self.number(&rest) ?? 0
    grouping = taken(",_")
    if taken(".") != nil {
      guard let count = try Self.number(&rest) else { throw Self.invalid(specification) }
      precision = count
    }
    type = rest.popFirst()
    if !rest.isEmpty { throw Self.invalid(specification) }
  }

  private static func invalid(_ specification: String) -> JinjaFault {
    JinjaFault("`format` is given the form '\(specification.prefix(40))', which is none", code: .invalidValue)
  }

  /// Digits at the beginning; nil when there are none.
  static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest = rest.dropFirst(digits.count)
    if digits.isEmpty { return nil }
    guard let number = Int(String(String.UnicodeScalarView(digits))), number <= widest else {
      throw JinjaFault.tooMuch("a text is formatted to more than \(widest) characters")
    }
    return number
  }

  /// A text, cut to the precision.
  func text(_ bytes: [UInt8]) throws -> [UInt8] {
    if align == "=" && fill != "0" || ![nil, "s"].contains(type) || grouping != nil {
      throw JinjaFault("text is formatted as a number", code: .invalidValue)
    }
    let cut = precision.map { PythonText.bytes(PythonText.scalars(bytes).prefix($0)) } ?? bytes
    return padded([], cut, usual: "<")
  }

  /// A whole number.
  func text(_ number: Int) throws -> [UInt8] {
    guard let type, !"di".unicodeScalars.contains(type) else { return signed("\(number.magnitude)", number < 0) }
    switch type {
    case "u": return signed("\(number.magnitude)", number < 0)
    case "b": return signed(String(number.magnitude, radix: 2), number < 0, prefix: "0b")
    case "o": return signed(String(number.magnitude, radix: 8), number < 0, prefix: "0o")
    case "x": return signed(String(number.magnitude, radix: 16), number < 0, prefix: "0x")
    case "X": return signed(String(number.magnitude, radix: 16, uppercase: true), number < 0, prefix: "0X")
    case "c":
      guard let value = UInt32(exactly: number), let scalar = Unicode.Scalar(value) else {
        throw JinjaFault("\(number) is no character", code: .invalidValue)
      }
      return padded([], PythonText.bytes([scalar]), usual: "<")
    default: return try text(Double(number))
    }
  }

  /// A number with a fraction.
  func text(_ number: Double) throws -> [UInt8] {
    let isNegative = number.sign == .minus && !number.isNaN
    let magnitude = abs(number)
    let places = precision ?? 6
    let hash = isAlternate ? "#" : ""
    switch type {
    case nil where precision == nil: return signed(JinjaInterpreter.spelling(magnitude), isNegative)
    case "e", "E", "f", "F", "g", "G":
      let letter = type.map { String($0) } ?? "f"
      return signed(String(format: "%\(hash).\(places)\(letter)", magnitude), isNegative)
    case "%": return signed(String(format: "%\(hash).\(places)f", magnitude * 100) + "%", isNegative)
    default:
      let form = (precision.map { ".\($0)" } ?? "") + (type.map { String($0) } ?? "")
      throw JinjaFault.unsupported("the form `\(form)` for a number with a fraction")
    }
  }

  /// Digits with sign, prefix and separators.
  private func signed(_ digits: String, _ isNegative: Bool, prefix: String = "") -> [UInt8] {
    var before = isNegative ? "-" : sign == "-" ? "" : String(sign)
    if isAlternate { before += prefix }
    return padded(Array(before.utf8), Array(grouped(digits, every: prefix.isEmpty ? 3 : 4).utf8), usual: ">")
  }

  private func grouped(_ digits: String, every size: Int) -> String {
    guard let grouping else { return digits }
    let whole = digits.prefix { $0.isHexDigit && $0 != "e" }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % size == 0 { result.unicodeScalars.append(grouping) }
      result.append(digit)
    }
    return result + digits.dropFirst(whole.count)
  }

  private func padded(_ before: [UInt8], _ body: [UInt8], usual: Unicode.Scalar) -> [UInt8] {
    let missing = max(0, width - PythonText.length(before) - PythonText.length(body))
    let left: Int
    switch align ?? usual {
    case "<": left = 0
    case "^": left = missing / 2
    case "=" where usual == ">":
      return before + PythonText.bytes([Unicode.Scalar](repeating: fill, count: missing)) + body
    case "=": left = 0
    default: left = missing
    }
    let sides = [left, missing - left].map { PythonText.bytes([Unicode.Scalar](repeating: fill, count: $0)) }
    return sides[0] + before + body + sides[1]
  }
}
