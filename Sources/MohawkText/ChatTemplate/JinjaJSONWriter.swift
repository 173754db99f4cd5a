/// The filter `tojson` as `transformers` defines it: Python's `json.dumps`, with text beyond ASCII as it is.
struct JinjaJSONWriter {
  private let interpreter: JinjaInterpreter
  private var indent: [UInt8]?
  private var comma = Array(", ".utf8)
  private var colon = Array(": ".utf8)
  private let escapesAll: Bool
  private let sortsKeys: Bool
  private(set) var text: [UInt8] = []

  init(_ interpreter: JinjaInterpreter, _ arguments: JinjaCallValues) throws {
    self.interpreter = interpreter
    let values = try arguments.matched("tojson", "ensure_ascii", "indent", "separators", "sort_keys")
    escapesAll = values[0]?.isTrue ?? false
    sortsKeys = values[3]?.isTrue ?? false
    switch values[1] {
    case nil, .some(.null): break
    case .string(let bytes): indent = bytes
    case let value?:
      guard let count = value.wholeNumber else { throw JinjaFault("`indent` is no number", code: .invalidValue) }
      if count > 1024 { throw JinjaFault.tooMuch("`indent` is more than 1024") }
      indent = [UInt8](repeating: 0x20, count: max(0, count))
    }
    if indent != nil { comma = [UInt8(ascii: ",")] }
    switch values[2] {
    case nil, .some(.null): break
    case .list(let items), .tuple(let items):
      guard items.values.count == 2, case .string(let first) = items.values[0],
        case .string(let second) = items.values[1]
      else { throw JinjaFault("`separators` are not two strings", code: .invalidValue) }
      (comma, colon) = (first, second)
    default: throw JinjaFault("`separators` are not two strings", code: .invalidValue)
    }
  }

  mutating func write(_ value: JinjaValue, level: Int = 0) throws {
    try interpreter.step()
    switch value.unmarked {
    case .null: try add(Array("null".utf8))
    case .bool(let value): try add(Array("\(value)".utf8))
    case .integer(let value): try add(Array("\(value)".utf8))
    case .float(let value): try add(number(value))
    case .string(let bytes): try add(quoted(bytes))
    case .list(let items), .tuple(let items):
      try nest("[", "]", items.values, level) { try $0.write($1, level: level + 1) }
    case .dictionary(let dictionary):
      try nest("{", "}", try sorted(dictionary), level) { writer, entry in
        try writer.add(writer.quoted(try writer.spelling(of: entry.key)))
        try writer.add(writer.colon)
        try writer.write(entry.value, level: level + 1)
      }
    default: throw JinjaFault("a value of type \(value.type) cannot be written as JSON", code: .invalidValue)
    }
  }

  private mutating func add(_ bytes: [UInt8]) throws {
    try interpreter.spend(bytes.count)
    text += bytes
  }

  private mutating func nest<Element>(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ elements: [Element], _ level: Int,
    _ write: (inout JinjaJSONWriter, Element) throws -> Void
  ) throws {
    try add([UInt8(ascii: open)])
    for (index, element) in elements.enumerated() {
      if index > 0 { try add(comma) }
      try breakLine(level + 1)
      try write(&self, element)
    }
    if !elements.isEmpty { try breakLine(level) }
    try add([UInt8(ascii: close)])
  }

  private mutating func breakLine(_ level: Int) throws {
    guard let indent else { return }
    try interpreter.spend(indent.count * level)
    text.append(0x0A)
    for _ in 0..<level { text += indent }
  }

  private func sorted(_ dictionary: JinjaDictionary) throws -> [(key: JinjaValue, value: JinjaValue)] {
    guard sortsKeys else { return dictionary.entries }
    return try interpreter.sorted(dictionary.entries, isReversed: false) { try interpreter.isLess($0.key, $1.key) }
  }

  /// A key as JSON has it, always a string.
  private func spelling(of key: JinjaValue) throws -> [UInt8] {
    switch key {
    case .string(let bytes): bytes
    case .null: Array("null".utf8)
    case .bool(let value): Array("\(value)".utf8)
    case .integer(let value): Array("\(value)".utf8)
    case .float(let value): number(value)
    default: throw JinjaFault("a key of type \(key.type) cannot be written as JSON", code: .invalidValue)
    }
  }

  private func number(_ value: Double) -> [UInt8] {
    if value.isNaN { return Array("NaN".utf8) }
    if value.isInfinite { return Array((value < 0 ? "-Infinity" : "Infinity").utf8) }
    return Array(JinjaInterpreter.spelling(value).utf8)
  }

  private func quoted(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x22]
    for scalar in PythonText.scalars(bytes) {
      switch scalar {
      case "\"": result += [0x5C, 0x22]
      case "\\": result += [0x5C, 0x5C]
      case "\n": result += [0x5C, UInt8(ascii: "n")]
      case "\r": result += [0x5C, UInt8(ascii: "r")]
      case "\t": result += [0x5C, UInt8(ascii: "t")]
      case "\u{8}": result += [0x5C, UInt8(ascii: "b")]
      case "\u{C}": result += [0x5C, UInt8(ascii: "f")]
      default:
        if scalar.value < 0x20 || (escapesAll && scalar.value > 0x7E) {
          for unit in UTF16.encode(scalar)! { result += Self.escape(unit) }
        } else {
          result += PythonText.bytes([scalar])
        }
      }
    }
    result.append(0x22)
    return result
  }

  private static func escape(_ unit: UInt16) -> [UInt8] {
    let digits = String(unit, radix: 16)
    return Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
  }
}
