// Filters of one value.
extension JinjaInterpreter {
  func filter(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    if case .markup(let bytes) = value {
      guard
        [
          "safe", "default", "d", "length", "count", "tojson", "replace", "int", "float", "list", "e", "escape",
          "forceescape",
          "attr",
        ].contains(name)
      else {
        throw JinjaFault.unsupported("the filter `\(name)` on text from `safe`")
      }
      if !["safe", "default", "d", "e", "escape", "attr"].contains(name) {
        return try filter(.string(bytes), name, arguments)
      }
    }
    switch name {
    case "trim":
      let characters = try arguments.matched(name, "chars")[0]
      let set: [UInt8]? = if case .string(let bytes)? = characters { bytes } else { nil }
      return try string(PythonText.trimmed(try printed(value), set))
    case "upper", "lower", "capitalize", "title", "string": return try cased(value, name, arguments)
    case "length", "count": return .integer(try length(value, name, arguments))
    case "tojson":
      var writer = try JinjaJSONWriter(self, arguments)
      try writer.write(value)
      return .string(writer.text)
    case "default", "d":
      let values = try arguments.matched(name, "default_value", "boolean")
      let isMissing = value.isUndefined || (values[1]?.isTrue ?? false && !value.isTrue)
      return isMissing ? values[0] ?? .string([]) : value
    case "replace":
      let values = try arguments.matched(name, "old", "new", "count")
      let limit = values[2]?.wholeNumber ?? -1
      guard let old = values[0], let new = values[1] else { throw JinjaFault("`replace` lacks an argument") }
      return try replace(try printed(value), try printed(old), by: try printed(new), limit: limit)
    case "int": return try whole(value, arguments)
    case "float":
      let preset = try arguments.matched(name, "default")[0]
      if case .undefined(let reason) = value { throw JinjaFault(reason, code: .invalidValue) }
      return floating(value).map { .float($0) } ?? preset ?? .float(0)
    case "abs":
      _ = try arguments.matched(name)
      if case .float(let number) = value { return .float(number.magnitude) }
      guard let number = value.wholeNumber else { throw misfit(value, name) }
      return number < 0 ? try signed(.integer(number), isMinus: true) : .integer(number)
    case "indent": return try indent(value, arguments)
    case "safe":
      _ = try arguments.matched(name)
      return .markup(try printed(value))
    default: return try collectionFilter(value, name, arguments)
    }
  }

  func misfit(_ value: JinjaValue, _ name: String) -> JinjaFault {
    JinjaFault("the filter `\(name)` does not work on a value of type \(value.type)", code: .invalidValue)
  }

  private func cased(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    _ = try arguments.matched(name)
    let text = try printed(value)
    switch name {
    case "upper": return try string(PythonText.upper(text))
    case "lower": return try string(PythonText.lower(text))
    case "capitalize": return try string(PythonText.capitalized(text))
    case "title": return try string(PythonText.titledWords(text))
    default: return .string(text)
    }
  }

  private func length(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> Int {
    _ = try arguments.matched(name)
    switch value {
    case .undefined: return 0
    case .string(let bytes):
      try step(bytes.count / 64)
      return PythonText.length(bytes)
    case .list(let items), .tuple(let items): return items.values.count
    case .dictionary(let dictionary): return dictionary.entries.count
    case .view(let view): return view.dictionary.entries.count
    case .range(let range): return range.count
    case .loop(let loop): return try loop.length()
    default: throw misfit(value, name)
    }
  }

  private func whole(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("int", "default", "base")
    if case .undefined(let reason) = value { throw JinjaFault(reason, code: .invalidValue) }
    if let base = values[1], base.wholeNumber != 10, case .string(let bytes) = value {
      return try whole(bytes, base: base) ?? whole(value, JinjaCallValues(positional: [values[0] ?? .integer(0)]))
    }
    if case .string(let bytes) = value, let digits = Self.numeral(bytes), digits.allSatisfy({ $0 != "." && $0 != "e" })
    {
      if let number = Int(digits) { return .integer(number) }
      if Double(digits)?.isFinite == true { throw JinjaFault.unsupported("an integer of more than 64 bits") }
    }
    if let number = value.wholeNumber { return .integer(number) }
    guard let number = floating(value), number.isFinite else {
      if case .float(let number) = value, number.isInfinite {
        throw JinjaFault("the filter `int` is given infinity", code: .invalidValue)
      }
      return values[0] ?? .integer(0)
    }
    guard let exact = Int(exactly: number.rounded(.towardZero)) else {
      throw JinjaFault.unsupported("an integer of more than 64 bits")
    }
    return .integer(exact)
  }

  /// Python's `int(text, base)`; nil where that is no number.
  private func whole(_ bytes: [UInt8], base: JinjaValue) throws -> JinjaValue? {
    guard let base = base.wholeNumber, base == 0 || (2...36).contains(base) else {
      throw JinjaFault("`int` has a base that is neither 0 nor from 2 to 36", code: .invalidValue)
    }
    var digits = String(decoding: PythonText.lower(PythonText.trimmed(bytes)), as: UTF8.self)
    let sign = digits.hasPrefix("-") ? "-" : ""
    if digits.hasPrefix("-") || digits.hasPrefix("+") { digits.removeFirst() }
    let named = ["0x": 16, "0o": 8, "0b": 2][String(digits.prefix(2))]
    let radix = base == 0 ? named ?? 10 : base
    if let named, named == radix { digits = String(digits.dropFirst(2)) }
    if base == 0, named == nil, digits.hasPrefix("0"), digits.contains(where: { $0 != "0" }) { return nil }
    if digits.hasPrefix("+") || digits.hasPrefix("-") || digits.hasSuffix("_") || digits.contains("__") { return nil }
    digits.removeAll { $0 == "_" }
    if let number = Int(sign + digits, radix: radix) { return .integer(number) }
    let isNumber = !digits.isEmpty && digits.allSatisfy { $0.hexDigitValue.map { $0 < radix } ?? false }
    if isNumber { throw JinjaFault.unsupported("an integer of more than 64 bits") }
    return nil
  }

  private func floating(_ value: JinjaValue) -> Double? {
    guard case .string(let bytes) = value else { return value.number }
    return Self.numeral(bytes).flatMap { Double($0) }
  }

  /// A number in text in the form that Python reads: spaces around it, and underscores between digits.
  private static func numeral(_ bytes: [UInt8]) -> String? {
    let text = PythonText.lower(PythonText.trimmed(bytes))
    guard !text.isEmpty, text.count < 400 else { return nil }
    func isDigit(_ index: Int) -> Bool { text.indices.contains(index) && (0x30...0x39).contains(text[index]) }
    var result = ""
    for (index, byte) in text.enumerated() {
      if byte == UInt8(ascii: "_") {
        if !isDigit(index - 1) || !isDigit(index + 1) { return nil }
      } else {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
    let words: Set<String> = ["inf", "infinity", "nan"]
    let magnitude = result.first == "-" || result.first == "+" ? String(result.dropFirst()) : result
    if words.contains(magnitude) { return result }
    // What Swift reads beyond Python: hexadecimal floats. What it does not read: a missing digit beside the point.
    guard magnitude.allSatisfy({ "0123456789.e+-".contains($0) }), magnitude.contains(where: \.isNumber) else {
      return nil
    }
    return Double(result) != nil ? result : Self.withDigits(result)
  }

  /// `1.` and `.5` with the digits that Swift misses.
  private static func withDigits(_ text: String) -> String? {
    let parts = text.split(separator: "e", omittingEmptySubsequences: false)
    let sides = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, sides.count == 2 else { return nil }
    let (sign, whole) =
      sides[0].first.map { "+-".contains($0) } == true ? (sides[0].prefix(1), sides[0].dropFirst()) : ("", sides[0])
    if whole.isEmpty, sides[1].isEmpty { return nil }
    let number = "\(sign)\(whole.isEmpty ? "0" : whole).\(sides[1].isEmpty ? "0" : sides[1])"
    let result = parts.count == 2 ? number + "e" + parts[1] : number
    return Double(result) == nil ? nil : result
  }

  private func indent(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("indent", "width", "first", "blank")
    guard case .string(let bytes) = value else { throw misfit(value, "indent") }
    let margin: [UInt8]
    switch values[0] {
    case nil: margin = [UInt8](repeating: 0x20, count: 4)
    case .string(let text): margin = text
    case let width?:
      guard let count = width.wholeNumber else { throw misfit(width, "indent") }
      if count > 65536 { throw JinjaFault.tooMuch("`indent` is given too large a width") }
      margin = [UInt8](repeating: 0x20, count: max(0, count))
    }
    let indentsBlank = values[2]?.isTrue ?? false
    var text: [UInt8] = values[1]?.isTrue ?? false ? margin : []
    for (index, line) in PythonText.lines(bytes + [0x0A]).enumerated() {
      if index > 0 { text.append(0x0A) }
      if index > 0, indentsBlank || !line.isEmpty {
        try spend(margin.count)
        text += margin
      }
      text += line
    }
    return try string(text)
  }
}
