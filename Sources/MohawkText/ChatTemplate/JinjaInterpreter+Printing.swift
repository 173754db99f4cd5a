extension JinjaInterpreter {
  /// Appends Python's `str(value)`.
  func print(_ value: JinjaValue, into text: inout [UInt8]) throws {
    switch value {
    case .string(let bytes), .markup(let bytes):
      try spend(bytes.count)
      text += bytes
    case .undefined: break
    default: try represent(value, into: &text)
    }
  }

  func printed(_ value: JinjaValue) throws -> [UInt8] {
    if case .string(let bytes) = value.unmarked { return bytes }
    var text: [UInt8] = []
    try print(value, into: &text)
    return text
  }

  /// Appends Python's `repr(value)`.
  func represent(_ value: JinjaValue, into text: inout [UInt8]) throws {
    try step()
    switch value {
    case .undefined: try add("Undefined", &text)
    case .null: try add("None", &text)
    case .bool(let value): try add(value ? "True" : "False", &text)
    case .integer(let value): try add("\(value)", &text)
    case .float(let value): try add(Self.spelling(value), &text)
    case .string(let bytes): try quote(bytes, into: &text)
    case .list(let items): try represent(items.values, "[", "]", into: &text)
    case .tuple(let items): try represent(items.values, "(", items.values.count == 1 ? ",)" : ")", into: &text)
    case .dictionary(let dictionary): try represent(dictionary, into: &text)
    case .range(let range): try represent(range, into: &text)
    case .view(let view): try represent(try view.values(), "dict_\(view.kind.rawValue)([", "])", into: &text)
    case .macro(let macro): try add("<Macro \(macro.definition.name.map { "'\($0)'" } ?? "anonymous")>", &text)
    case .iterator, .namespace, .loop, .method, .function, .cycler, .joiner:
      throw JinjaFault.unsupported("a value of type \(value.type) as text")
    case .markup: throw JinjaFault.unsupported("text from `safe` inside of another value as text")
    }
  }

  private func add(_ part: String, _ text: inout [UInt8]) throws {
    try spend(part.utf8.count)
    text += part.utf8
  }

  private func represent(
    _ values: [JinjaValue], _ open: String, _ close: String, into text: inout [UInt8]
  ) throws {
    try add(open, &text)
    for (index, value) in values.enumerated() {
      if index > 0 { try add(", ", &text) }
      try represent(value, into: &text)
    }
    try add(close, &text)
  }

  private func represent(_ dictionary: JinjaDictionary, into text: inout [UInt8]) throws {
    try add("{", &text)
    for (index, entry) in dictionary.entries.enumerated() {
      if index > 0 { try add(", ", &text) }
      try represent(entry.key, into: &text)
      try add(": ", &text)
      try represent(entry.value, into: &text)
    }
    try add("}", &text)
  }

  private func represent(_ range: JinjaRange, into text: inout [UInt8]) throws {
    try add("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))", &text)
  }

  /// A string in quotes, as Python's `repr` has it.
  private func quote(_ bytes: [UInt8], into text: inout [UInt8]) throws {
    let single = UInt8(ascii: "'")
    let quote = bytes.contains(single) && !bytes.contains(UInt8(ascii: "\"")) ? UInt8(ascii: "\"") : single
    var result = [quote]
    for scalar in PythonText.scalars(bytes) {
      switch scalar {
      case "\\": result += Array("\\\\".utf8)
      case "\n": result += Array("\\n".utf8)
      case "\r": result += Array("\\r".utf8)
      case "\t": result += Array("\\t".utf8)
      case _ where scalar.value == UInt32(quote): result += [UInt8(ascii: "\\"), quote]
      case _ where Self.isPrintable(scalar): result += PythonText.bytes([scalar])
      default:
        let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let digits = String(scalar.value, radix: 16)
        result += Array("\\\(letter)\(String(repeating: "0", count: width - digits.utf8.count))\(digits)".utf8)
      }
    }
    result.append(quote)
    try spend(result.count)
    text += result
  }

  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  /// Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
  static func spelling(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
    // Swift's digits are the shortest, too; only the form may differ.
    let parts = "\(value.magnitude)".split(separator: "e")
    var digits = parts[0].filter { $0 != "." }
    var exponent =
      (parts.count > 1 ? Int(parts[1])! : 0)
      + (parts[0].firstIndex(of: ".").map {
        parts[0].distance(from: parts[0].startIndex, to: $0)
      } ?? parts[0].count)
    while digits.hasPrefix("0") {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
    let sign = value < 0 ? "-" : ""
    // The value is 0.digits times 10 to the exponent.
    if exponent > 16 || exponent < -3 {
      let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
      let power = exponent - 1
      return "\(sign)\(digits.first!)\(fraction)e\(power < 0 ? "-" : "+")\(abs(power) < 10 ? "0" : "")\(abs(power))"
    }
    if exponent <= 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent))\(digits)" }
    if exponent >= digits.count { return "\(sign)\(digits)\(String(repeating: "0", count: exponent - digits.count)).0" }
    return "\(sign)\(digits.prefix(exponent)).\(digits.dropFirst(exponent))"
  }
}
