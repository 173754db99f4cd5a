// `text % values`, the filter `format`, and `text.format(…)`.
extension JinjaInterpreter {
  /// Python's `text % value`: a tuple is several values, a dict gives them by name.
  func percentFormatted(_ bytes: [UInt8], _ value: JinjaValue) throws -> JinjaValue {
    var waiting: [JinjaValue] = if case .tuple(let items) = value { items.values } else { [value] }
    var usesNames = false
    func next() throws -> JinjaValue {
      if waiting.isEmpty { throw JinjaFault("`%` has fewer values than places for them", code: .invalidValue) }
      return waiting.removeFirst()
    }
    var result: [UInt8] = []
    var rest = PythonText.scalars(bytes)[...]
    while let scalar = rest.popFirst() {
      guard scalar == "%" else {
        result += PythonText.bytes([scalar])
        continue
      }
      var named: JinjaValue?
      if rest.first == "(" {
        guard let end = rest.firstIndex(of: ")"), case .dictionary(let dictionary) = value else {
          throw JinjaFault("`%(name)` needs a dict", code: .invalidValue)
        }
        let name = PythonText.bytes(rest[(rest.startIndex + 1)..<end])
        guard let found = dictionary[.string(name)] else {
          throw JinjaFault(
            "`%` lacks the value '\(String(decoding: name.prefix(60), as: UTF8.self))'", code: .invalidValue)
        }
        (named, usesNames) = (found, true)
        rest = rest[(end + 1)...]
      }
      let format = try percentForm(&rest, next)
      guard let type = rest.popFirst() else {
        throw JinjaFault("a text for `%` ends within a place for a value", code: .invalidValue)
      }
      result += type == "%" ? [UInt8(ascii: "%")] : try percentText(try named ?? next(), format, type)
      try spend(format.width)
    }
    // Lists and dicts may be left over, since they can be asked by name or place.
    let mayBeLeft: Bool
    switch value {
    case .dictionary, .list, .range: mayBeLeft = true
    default: mayBeLeft = usesNames
    }
    if !waiting.isEmpty, !mayBeLeft {
      throw JinjaFault("`%` has more values than places for them", code: .invalidValue)
    }
    return try string(result)
  }

  /// Flags, width and precision.
  private func percentForm(
    _ rest: inout ArraySlice<Unicode.Scalar>, _ next: () throws -> JinjaValue
  ) throws -> PythonFormat {
    var format = PythonFormat()
    format.align = ">"
    while let flag = rest.first, "#0- +".unicodeScalars.contains(flag) {
      rest.removeFirst()
      switch flag {
      case "#": format.isAlternate = true
      case "0": if format.align == ">" { (format.fill, format.align) = ("0", "=") }
      case "-": (format.fill, format.align) = (" ", "<")
      case "+": format.sign = "+"
      default: if format.sign != "+" { format.sign = " " }
      }
    }
    func count() throws -> Int? {
      guard rest.first == "*" else { return try PythonFormat.number(&rest) }
      rest.removeFirst()
      guard let count = try next().wholeNumber, count <= PythonFormat.widest, count > -PythonFormat.widest else {
        throw JinjaFault("`*` in a text for `%` takes a whole number", code: .invalidValue)
      }
      return count
    }
    if let width = try count() {
      if width < 0 { (format.fill, format.align) = (" ", "<") }
      format.width = abs(width)
    }
    if rest.first == "." {
      rest.removeFirst()
      format.precision = max(0, try count() ?? 0)
    }
    while let letter = rest.first, "hlL".unicodeScalars.contains(letter) { rest.removeFirst() }
    return format
  }

  private func percentText(_ value: JinjaValue, _ form: PythonFormat, _ type: Unicode.Scalar) throws -> [UInt8] {
    var format = form
    func spaced() -> PythonFormat {
      var spaced = format
      if spaced.align == "=" { (spaced.fill, spaced.align) = (" ", ">") }
      return spaced
    }
    switch type {
    case "s": return try spaced().text(try printed(value))
    case "r":
      var text: [UInt8] = []
      try represent(value, into: &text)
      return try spaced().text(text)
    case "d", "i", "u", "o", "x", "X":
      var whole = value.wholeNumber
      if case .float(let number) = value, "diu".unicodeScalars.contains(type) {
        whole = Int(exactly: number.rounded(.towardZero))
      }
      guard let number = whole else { throw unfit(value, type) }
      // A precision is the least count of digits.
      if let digits = format.precision {
        let radix = type == "o" ? 8 : type == "x" || type == "X" ? 16 : 10
        let text = String(number.magnitude, radix: radix, uppercase: type == "X")
        if text.utf8.count < digits {
          if format.isAlternate || format.align == "=" {
            throw JinjaFault.unsupported("`%\(type)` with a precision and a flag")
          }
          let sign = number < 0 ? "-" : format.sign == "-" ? "" : String(format.sign)
          format.precision = nil
          return try format.text(Array((sign + String(repeating: "0", count: digits - text.utf8.count) + text).utf8))
        }
      }
      format.precision = nil
      format.type = type == "i" || type == "u" ? "d" : type
      return try format.text(number)
    case "e", "E", "f", "F", "g", "G":
      guard let number = value.number else { throw unfit(value, type) }
      format.type = type
      return try format.text(number)
    case "c":
      if let number = value.wholeNumber {
        var character = spaced()
        character.type = "c"
        return try character.text(number)
      }
      guard case .string(let bytes) = value.unmarked, PythonText.length(bytes) == 1 else { throw unfit(value, type) }
      return try spaced().text(bytes)
    default: throw JinjaFault.unsupported("`%\(type)` in a text for `%`")
    }
  }

  private func unfit(_ value: JinjaValue, _ type: Unicode.Scalar) -> JinjaFault {
    JinjaFault("`%\(type)` does not write a value of type \(value.type)", code: .invalidValue)
  }

  /// `str.format`.
  func formatted(_ bytes: [UInt8], _ arguments: JinjaCallValues) throws -> JinjaValue {
    var automatic = 0
    return try string(try formatted(PythonText.scalars(bytes)[...], arguments, &automatic, isInner: false))
  }

  private func formatted(
    _ scalars: ArraySlice<Unicode.Scalar>, _ arguments: JinjaCallValues, _ automatic: inout Int, isInner: Bool
  ) throws -> [UInt8] {
    var result: [UInt8] = []
    var rest = scalars
    while let scalar = rest.popFirst() {
      guard scalar == "{" || scalar == "}" else {
        result += PythonText.bytes([scalar])
        continue
      }
      if !isInner, rest.first == scalar {
        rest.removeFirst()
        result += PythonText.bytes([scalar])
        continue
      }
      var open = scalar == "{" ? 1 : 0
      let end = rest.firstIndex { scalar in
        if scalar == "{" { open += 1 }
        if scalar == "}" { open -= 1 }
        return open == 0
      }
      guard scalar == "{", let end else {
        throw JinjaFault("`format` is given a text with a single brace", code: .invalidValue)
      }
      try enter()
      defer { leave() }
      result += try field(rest[..<end], arguments, &automatic, isInner)
      rest = rest[(end + 1)...]
    }
    return result
  }

  /// A field: `name.attribute[item]!conversion:form`, in which only the form may hold fields again.
  private func field(
    _ field: ArraySlice<Unicode.Scalar>, _ arguments: JinjaCallValues, _ automatic: inout Int, _ isInner: Bool
  ) throws -> [UInt8] {
    let colon = field.firstIndex(of: ":") ?? field.endIndex
    let mark = field[..<colon].firstIndex(of: "!") ?? colon
    var value = try value(named: field[..<mark], arguments, &automatic)
    let conversion = mark < colon ? String(String.UnicodeScalarView(field[(mark + 1)..<colon])) : ""
    switch conversion {
    case "": break
    case "s": value = .string(try printed(value))
    case "r":
      var text: [UInt8] = []
      try represent(value, into: &text)
      value = .string(text)
    default: throw JinjaFault.unsupported("the conversion `!\(conversion.prefix(20))` of `format`")
    }
    guard colon < field.endIndex else { return try printed(value) }
    let inner = field[(colon + 1)...]
    if isInner, inner.contains("{") { throw JinjaFault("fields of `format` are nested too deep", code: .invalidValue) }
    let form = String(decoding: try formatted(inner, arguments, &automatic, isInner: true), as: UTF8.self)
    if form.isEmpty { return try printed(value) }
    let format = try PythonFormat(form)
    try spend(format.width)
    switch value.unmarked {
    case .string(let bytes): return try format.text(bytes)
    case .integer, .bool: return try format.text(value.wholeNumber!)
    case .float(let number): return try format.text(number)
    default: throw JinjaFault("`format` has no form for a value of type \(value.type)", code: .invalidValue)
    }
  }

  private func value(
    named name: ArraySlice<Unicode.Scalar>, _ arguments: JinjaCallValues, _ automatic: inout Int
  ) throws -> JinjaValue {
    let first = name.prefix { $0 != "." && $0 != "[" }
    let key = String(String.UnicodeScalarView(first))
    let position = key.isEmpty ? automatic : Int(key)
    if key.isEmpty { automatic += 1 }
    let found =
      position.map { arguments.positional.indices.contains($0) ? arguments.positional[$0] : nil }
      ?? arguments.named.first { $0.name == key }?.value
    guard var value = found else {
      throw JinjaFault("`format` lacks the argument '\(key.prefix(60))'", code: .invalidValue)
    }
    var rest = name.dropFirst(first.count)
    while let mark = rest.popFirst() {
      let end = mark == "." ? rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex : rest.firstIndex(of: "]")
      guard let end, end > rest.startIndex, mark == "." || mark == "[" else {
        throw JinjaFault("a field of `format` has a damaged name", code: .invalidValue)
      }
      let part = String(String.UnicodeScalarView(rest[..<end]))
      if mark == "." {
        value = try attribute(part, of: value)
        rest = rest[end...]
      } else {
        value = try item(Int(part).map { .integer($0) } ?? .text(part), of: value)
        rest = rest[(end + 1)...]
      }
    }
    return value
  }
}
