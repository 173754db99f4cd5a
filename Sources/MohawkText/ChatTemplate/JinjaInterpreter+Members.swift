// Members, elements and slices.
extension JinjaInterpreter {
  static let stringMethods: Set<String> = [
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "upper", "lower", "title",
    "capitalize", "replace", "join", "find", "rfind", "index", "rindex", "count", "removeprefix", "removesuffix",
    "partition", "rpartition", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isascii",
    "isdecimal", "isnumeric", "isprintable", "istitle", "swapcase", "casefold", "center", "ljust", "rjust", "zfill",
    "expandtabs", "format",
  ]
  static let unknownStringMethods: Set<String> = [
    "encode", "format_map", "isidentifier", "maketrans", "translate",
  ]
  static let dictionaryMethods: Set<String> = ["items", "keys", "values", "get", "copy"]
  static let sequenceMethods: Set<String> = ["count", "index"]
  /// Methods that change a value; `transformers` renders in a sandbox that forbids them.
  static let changingMethods: Set<String> = [
    "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove", "popitem", "setdefault", "update",
  ]
  static let changingDictionaryMethods: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]

  /// `value.name`: a method or, of a dictionary, an entry.
  func attribute(_ name: String, of value: JinjaValue) throws -> JinjaValue {
    if case .undefined(let reason) = value { throw JinjaFault(reason, code: .invalidValue) }
    if let member = try member(name, of: value) { return member }
    if case .dictionary(let dictionary) = value, let entry = dictionary[name] { return entry }
    return missing(name, value)
  }

  private func missing(_ name: String, _ value: JinjaValue) -> JinjaValue {
    .undefined("a value of type \(value.type) has no '\(name.prefix(60))'")
  }

  private func member(_ name: String, of value: JinjaValue) throws -> JinjaValue? {
    var isMethod = false
    switch value {
    case .string:
      isMethod = Self.stringMethods.contains(name)
      if Self.unknownStringMethods.contains(name) { throw JinjaFault.unsupported("the method `\(name)` of a string") }
    case .dictionary:
      isMethod = Self.dictionaryMethods.contains(name)
      if Self.changingDictionaryMethods.contains(name) { return forbidden(name, value) }
      if name == "fromkeys" { throw JinjaFault.unsupported("the method `fromkeys` of a dict") }
    case .list:
      isMethod = Self.sequenceMethods.contains(name) || name == "copy"
      if Self.changingMethods.contains(name), name != "popitem", name != "setdefault", name != "update" {
        return forbidden(name, value)
      }
    case .tuple(let items):
      if let index = items.names.firstIndex(of: name) { return items.values[index] }
      isMethod = Self.sequenceMethods.contains(name)
    case .range: isMethod = Self.sequenceMethods.contains(name)
    case .macro(let macro): return member(name, of: macro.definition)
    case .cycler(let cycler):
      switch name {
      case "current": return cycler.current
      case "pos": return .integer(cycler.place)
      case "items": return .tuple(cycler.items)
      default: isMethod = name == "next" || name == "reset"
      }
    case .markup: throw JinjaFault.unsupported("`\(name)` of text from `safe`")
    case .namespace(let namespace): return namespace.members[name]
    case .loop(let loop): return try loop.member(name)
    default: break
    }
    return isMethod ? .method(JinjaMethod(value, name)) : nil
  }

  /// What a template may ask of a macro.
  private func member(_ name: String, of macro: JinjaMacroDefinition) -> JinjaValue? {
    switch name {
    case "name": macro.name.map { .text($0) } ?? .null
    case "arguments": (try? JinjaItems(macro.parameters.map { .text($0.name) })).map { .tuple($0) }
    case "catch_varargs": .bool(macro.takesMorePositional)
    case "catch_kwargs": .bool(macro.takesMoreNamed)
    case "caller": .bool(macro.takesCaller)
    default: nil
    }
  }

  private func forbidden(_ name: String, _ value: JinjaValue) -> JinjaValue {
    .undefined("the method `\(name)` would change a \(value.type), which a chat template may not do")
  }

  /// `value[key]`.
  func item(_ key: JinjaValue, of value: JinjaValue) throws -> JinjaValue {
    switch value {
    case .undefined(let reason): throw JinjaFault(reason, code: .invalidValue)
    case .dictionary(let dictionary):
      if let hashed = try? JinjaKey(key), let entry = dictionary[hashed] { return entry }
    case .list(let items), .tuple(let items):
      if let index = position(key, items.values.count) { return items.values[index] }
    case .range(let range):
      if let index = position(key, range.count) { return range[index] }
    case .string(let bytes):
      if key.wholeNumber != nil {
        try step(bytes.count / 64)
        if PythonText.isASCII(bytes) {
          if let index = position(key, bytes.count) { return .string([bytes[index]]) }
        } else {
          let scalars = PythonText.scalars(bytes)
          if let index = position(key, scalars.count) { return .string(PythonText.bytes([scalars[index]])) }
        }
      }
    case .markup: throw JinjaFault.unsupported("a character of text from `safe`")
    default: break
    }
    guard case .string(let name) = key.unmarked else { return missing("[\(key.type)]", value) }
    let text = String(decoding: name, as: UTF8.self)
    return try member(text, of: value) ?? missing(text, value)
  }

  private func position(_ key: JinjaValue, _ count: Int) -> Int? {
    guard let index = key.wholeNumber else { return nil }
    if index >= 0 { return index < count ? index : nil }
    return index >= -count ? index + count : nil
  }

  func slice(
    _ owner: JinjaExpression, _ from: JinjaExpression?, _ to: JinjaExpression?, _ step: JinjaExpression?,
    _ scope: JinjaScope
  ) throws -> JinjaValue {
    let value = try evaluate(owner, scope)
    let bounds = try [from, to, step].map { try bound($0, scope) }
    switch value {
    case .markup: throw JinjaFault.unsupported("a slice of text from `safe`")
    case .undefined(let reason): throw JinjaFault(reason, code: .invalidValue)
    case .list(let items): return try list(try places(bounds, items.values.count).map { items.values[$0] })
    case .tuple(let items): return try tuple(try places(bounds, items.values.count).map { items.values[$0] })
    case .string(let bytes):
      if PythonText.isASCII(bytes) { return try string(try places(bounds, bytes.count).map { bytes[$0] }) }
      let scalars = PythonText.scalars(bytes)
      return try string(PythonText.bytes(try places(bounds, scalars.count).map { scalars[$0] }))
    case .range(let range): return .range(range.slice(try stride(bounds, range.count)))
    default: throw JinjaFault("a value of type \(value.type) cannot be sliced", code: .invalidValue)
    }
  }

  private func bound(_ expression: JinjaExpression?, _ scope: JinjaScope) throws -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression, scope)
    if case .null = value { return nil }
    guard let index = value.wholeNumber else {
      throw JinjaFault("a slice has a bound of type \(value.type)", code: .invalidValue)
    }
    return index
  }

  /// The positions that a slice takes of `count` elements.
  private func places(_ bounds: [Int?], _ count: Int) throws -> [Int] {
    try step(1 + count / 16)
    let (first, end, step) = try stride(bounds, count)
    return Array(Swift.stride(from: first, to: end, by: step))
  }

  private func stride(_ bounds: [Int?], _ count: Int) throws -> (first: Int, end: Int, step: Int) {
    let step = bounds[2] ?? 1
    if step == 0 { throw JinjaFault("a slice has the step 0", code: .invalidValue) }
    func clipped(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
      let index = bound < 0 ? (bound < -count ? -1 : bound + count) : bound
      return min(max(index, range.lowerBound), range.upperBound)
    }
    let range = step > 0 ? 0...count : -1...count - 1
    let first = bounds[0].map { clipped($0, range) } ?? (step > 0 ? 0 : count - 1)
    let end = bounds[1].map { clipped($0, range) } ?? (step > 0 ? count : -1)
    // A step beyond the count takes one element, and must not overflow.
    return (first, end, min(max(step, -count - 1), count + 1))
  }
}
