extension JinjaInterpreter {
  func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
    // Without closures, since this calls itself and the stack is short.
    try enter()
    defer { leave() }
    do {
      return try value(of: expression.kind, scope)
    } catch var fault as JinjaFault where fault.line == nil {
      fault.line = expression.line
      throw fault
    }
  }

  /// Tells faults of `part` the line, unless they know a closer one.
  func located<Result>(_ line: Int, _ part: () throws -> Result) throws -> Result {
    do {
      return try part()
    } catch var fault as JinjaFault where fault.line == nil {
      fault.line = line
      throw fault
    }
  }

  private func value(of kind: JinjaExpression.Kind, _ scope: JinjaScope) throws -> JinjaValue {
    switch kind {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .float(let value): .float(value)
    case .string(let bytes): .string(bytes)
    case .name(let name): try named(name, scope)
    case .tuple(let parts): try tuple(try values(of: parts, scope))
    case .list(let parts): try list(try values(of: parts, scope))
    case .dictionary(let pairs): try dictionary(pairs, scope)
    case .attribute(let owner, let name): try attribute(name, of: try evaluate(owner, scope))
    case .item(let owner, let key): try item(try evaluate(key, scope), of: try evaluate(owner, scope))
    case .slice(let owner, let from, let to, let step): try slice(owner, from, to, step, scope)
    case .call(let callee, let arguments): try call(callee, arguments, scope)
    case .filter(let operand, let name, let arguments): try filter(operand, name, arguments, scope)
    case .test(let operand, let name, let arguments): try test(operand, name, arguments, scope)
    case .not(let operand): .bool(try !evaluate(operand, scope).isTrue)
    case .sign(let operand, let isMinus): try signed(try evaluate(operand, scope), isMinus: isMinus)
    case .arithmetic(let operation, let left, let right): try arithmetic(operation, left, right, scope)
    case .and(let parts): try first(of: parts, scope) { !$0.isTrue }
    case .or(let parts): try first(of: parts, scope) { $0.isTrue }
    case .concatenation(let parts): try concatenation(parts, scope)
    case .comparison(let first, let rest): try comparison(first, rest, scope)
    case .conditional(let test, let then, let otherwise): try conditional(test, then, otherwise, scope)
    }
  }

  private func named(_ name: String, _ scope: JinjaScope) throws -> JinjaValue {
    if let value = scope[name] { return value }
    switch name {
    case "range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now": return .function(name)
    case "lipsum", "self", "super": throw JinjaFault.unsupported("`\(name)`")
    default: return .undefined("'\(name)' is undefined")
    }
  }

  func values(of parts: [JinjaExpression], _ scope: JinjaScope) throws -> [JinjaValue] {
    try parts.map { try evaluate($0, scope) }
  }

  func values(of arguments: JinjaArguments, _ scope: JinjaScope) throws -> JinjaCallValues {
    var result = JinjaCallValues(
      positional: try values(of: arguments.positional, scope),
      named: try arguments.named.map { ($0.name, try evaluate($0.value, scope)) })
    if let more = arguments.morePositional {
      let values = try elements(try evaluate(more, scope))
      try spend(values: values.count)
      result.positional += values
    }
    if let more = arguments.moreNamed { result.named += try named(try evaluate(more, scope), beside: result.named) }
    return result
  }

  /// The arguments that `**value` gives.
  private func named(
    _ value: JinjaValue, beside known: [(name: String, value: JinjaValue)]
  ) throws -> [(name: String, value: JinjaValue)] {
    guard case .dictionary(let dictionary) = value else {
      throw JinjaFault("`**` takes a dict, not a value of type \(value.type)", code: .invalidValue)
    }
    try spend(values: dictionary.entries.count)
    return try dictionary.entries.map { key, value in
      guard case .string(let bytes) = key.unmarked else {
        throw JinjaFault("a name that `**` gives is no string", code: .invalidValue)
      }
      let name = String(decoding: bytes, as: UTF8.self)
      if known.contains(where: { $0.name == name }) {
        throw JinjaFault("the argument '\(name.prefix(40))' is given twice", code: .invalidValue)
      }
      return (name, value)
    }
  }

  private func dictionary(
    _ pairs: [(key: JinjaExpression, value: JinjaExpression)], _ scope: JinjaScope
  ) throws -> JinjaValue {
    try dictionary(try pairs.map { (key: try evaluate($0.key, scope), value: try evaluate($0.value, scope)) })
  }

  private func first(
    of parts: [JinjaExpression], _ scope: JinjaScope, _ decides: (JinjaValue) -> Bool
  ) throws -> JinjaValue {
    for part in parts.dropLast() {
      let value = try evaluate(part, scope)
      if decides(value) { return value }
    }
    return try evaluate(parts[parts.count - 1], scope)
  }

  private func concatenation(_ parts: [JinjaExpression], _ scope: JinjaScope) throws -> JinjaValue {
    var text: [UInt8] = []
    for value in try values(of: parts, scope) { try print(value, into: &text) }
    return .string(text)
  }

  private func conditional(
    _ test: JinjaExpression, _ then: JinjaExpression, _ otherwise: JinjaExpression?, _ scope: JinjaScope
  ) throws -> JinjaValue {
    if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
    return try otherwise.map { try evaluate($0, scope) } ?? .undefined("an `if` without `else` has no value")
  }

  private func comparison(
    _ first: JinjaExpression, _ rest: [(operation: JinjaComparison, operand: JinjaExpression)], _ scope: JinjaScope
  ) throws -> JinjaValue {
    var left = try evaluate(first, scope)
    for (operation, operand) in rest {
      let right = try evaluate(operand, scope)
      if try !compare(operation, left, right) { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  private func arithmetic(
    _ operation: JinjaArithmetic, _ left: JinjaExpression, _ right: JinjaExpression, _ scope: JinjaScope
  ) throws -> JinjaValue {
    let left = try evaluate(left, scope)
    return try arithmetic(operation, left, try evaluate(right, scope))
  }

  private func filter(
    _ operand: JinjaExpression?, _ name: String, _ arguments: JinjaArguments, _ scope: JinjaScope
  ) throws -> JinjaValue {
    guard let operand else { throw JinjaFault("the filter `\(name)` has nothing to work on") }
    let value = try evaluate(operand, scope)
    return try filter(value, name, try values(of: arguments, scope))
  }

  private func test(
    _ operand: JinjaExpression, _ name: String, _ arguments: JinjaArguments, _ scope: JinjaScope
  ) throws -> JinjaValue {
    let value = try evaluate(operand, scope)
    return .bool(try test(value, name, try values(of: arguments, scope)))
  }

  private func call(
    _ callee: JinjaExpression, _ arguments: JinjaArguments, _ scope: JinjaScope
  ) throws -> JinjaValue {
    let callee = try evaluate(callee, scope)
    return try call(callee, try values(of: arguments, scope))
  }
}

/// The values of the arguments of a call.
struct JinjaCallValues {
  var positional: [JinjaValue] = []
  var named: [(name: String, value: JinjaValue)] = []

  /// The arguments by parameter, nil where there is none.
  /// - Parameter owner: what is called, for messages.
  func matched(_ owner: String, _ parameters: String...) throws -> [JinjaValue?] {
    guard positional.count <= parameters.count else {
      throw JinjaFault(
        "`\(owner)` takes \(parameters.count) arguments at most, not \(positional.count)", code: .invalidValue)
    }
    var values: [JinjaValue?] = positional + [JinjaValue?](repeating: nil, count: parameters.count - positional.count)
    for (name, value) in named {
      guard let index = parameters.firstIndex(of: name), values[index] == nil else {
        throw JinjaFault("`\(owner)` takes no argument '\(name)' here", code: .invalidValue)
      }
      values[index] = value
    }
    return values
  }
}
