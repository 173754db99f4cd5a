// What may follow `is`.
extension JinjaInterpreter {
  func test(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> Bool {
    switch name {
    case "eq", "==", "equalto", "ne", "!=", "lt", "<", "lessthan", "le", "<=", "gt", ">", "greaterthan", "ge", ">=",
      "in", "sameas", "divisibleby":
      guard let other = try arguments.matched(name, "other")[0] else {
        throw JinjaFault("the test `\(name)` lacks an argument", code: .invalidValue)
      }
      return try test(value, name, other)
    default:
      _ = try arguments.matched(name)
      return try test(value, name)
    }
  }

  private func test(_ value: JinjaValue, _ name: String, _ other: JinjaValue) throws -> Bool {
    switch name {
    case "eq", "==", "equalto": try compare(.equal, value, other)
    case "ne", "!=": try compare(.notEqual, value, other)
    case "lt", "<", "lessthan": try compare(.less, value, other)
    case "le", "<=": try compare(.lessOrEqual, value, other)
    case "gt", ">", "greaterthan": try compare(.greater, value, other)
    case "ge", ">=": try compare(.greaterOrEqual, value, other)
    case "in": try compare(.isIn, value, other)
    case "divisibleby": try areEqual(try arithmetic(.remainder, value, other), .integer(0))
    default: try isSame(value, other)
    }
  }

  /// Python's `is`, where it does not depend on where values are kept.
  private func isSame(_ value: JinjaValue, _ other: JinjaValue) throws -> Bool {
    switch (value, other) {
    case (.null, .null): true
    case (.bool(let value), .bool(let other)): value == other
    case (.null, _), (_, .null), (.bool, _), (_, .bool): false
    default: throw JinjaFault.unsupported("`sameas` of values of the types \(value.type) and \(other.type)")
    }
  }

  private func test(_ value: JinjaValue, _ name: String) throws -> Bool {
    switch (name, value.unmarked) {
    case ("defined", _): return !value.isUndefined
    case ("undefined", _): return value.isUndefined
    case ("none", .null), ("boolean", .bool), ("true", .bool(true)), ("false", .bool(false)), ("string", .string),
      ("integer", .integer), ("float", .float), ("mapping", .dictionary), ("number", .integer), ("number", .float),
      ("number", .bool):
      return true
    case ("none", _), ("boolean", _), ("true", _), ("false", _), ("string", _), ("integer", _), ("float", _),
      ("mapping", _), ("number", _):
      return false
    case ("odd", _), ("even", _):
      let remainder = try arithmetic(.remainder, value, .integer(2))
      return try areEqual(remainder, .integer(name == "odd" ? 1 : 0))
    case ("iterable", .string), ("iterable", .list), ("iterable", .tuple), ("iterable", .dictionary),
      ("iterable", .range), ("iterable", .view), ("iterable", .iterator), ("iterable", .loop), ("iterable", .undefined):
      return true
    case ("sequence", .string), ("sequence", .list), ("sequence", .tuple), ("sequence", .dictionary),
      ("sequence", .range), ("sequence", .undefined):
      return true
    case ("callable", .macro), ("callable", .method), ("callable", .function), ("callable", .undefined),
      ("callable", .loop), ("callable", .joiner):
      return true
    case ("escaped", _): if case .markup = value { return true } else { return false }
    case ("filter", .string(let name)): return Self.filterNames.contains(String(decoding: name, as: UTF8.self))
    case ("test", .string(let name)): return Self.testNames.contains(String(decoding: name, as: UTF8.self))
    case ("filter", _), ("test", _): return false
    case ("iterable", _), ("sequence", _), ("callable", _): return false
    case ("upper", _), ("lower", _): return PythonText.isCase(try printed(value), upper: name == "upper")
    default: throw JinjaFault.unsupported("the test `\(name)`")
    }
  }

  /// The filters of Jinja 3.1, for `is filter`.
  static let filterNames: Set<String> = [
    "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
    "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join", "last",
    "length", "list", "lower", "map", "max", "min", "pprint", "random", "reject", "rejectattr", "replace", "reverse",
    "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim",
    "truncate", "unique", "upper", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr",
  ]
  /// The tests of Jinja 3.1, for `is test`.
  static let testNames: Set<String> = [
    "!=", "<", "<=", "==", ">", ">=", "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped",
    "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
    "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
    "undefined", "upper",
  ]
}
