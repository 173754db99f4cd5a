// What follows a value: members, calls, filters and tests.
extension JinjaParser {
  mutating func postfixes(of value: JinjaExpression) throws -> JinjaExpression {
    var value = value
    while case .symbol(let symbol) = current {
      switch symbol {
      case ".": value = try member(of: value)
      case "[": value = try subscripted(value)
      case "(": value = try call(value)
      default: return value
      }
    }
    return value
  }

  private mutating func call(_ value: JinjaExpression) throws -> JinjaExpression {
    let start = line
    let arguments = try arguments()
    return try node(.call(value, arguments), start, [value] + arguments.all)
  }

  private mutating func member(of value: JinjaExpression) throws -> JinjaExpression {
    let start = line
    advance()
    switch current {
    case .name(let name):
      advance()
      return try node(.attribute(value, name), start, value)
    case .integer(let position):
      advance()
      let key = try node(.integer(position), start)
      return try node(.item(value, key), start, value, key)
    default: throw fault("a name is missing after '.'")
    }
  }

  private mutating func subscripted(_ value: JinjaExpression) throws -> JinjaExpression {
    let start = line
    advance()
    var bounds: [JinjaExpression?] = [nil]
    var isSlice = false
    var parts: [JinjaExpression] = []
    while !isSymbol("]") {
      if skip(symbol: ":") {
        isSlice = true
        bounds.append(nil)
        if bounds.count > 3 { throw fault("a slice has three parts at most") }
      } else if isSymbol(","), let part = bounds[0] {
        if isSlice { throw JinjaFault.unsupported("a slice beside a comma", line: line) }
        advance()
        parts.append(part)
        bounds[0] = nil
      } else if bounds[bounds.count - 1] == nil {
        bounds[bounds.count - 1] = try expression()
      } else {
        throw fault("']' is missing before '\(tokens[index].summary)'")
      }
    }
    advance()
    if !parts.isEmpty {
      if isSlice { throw JinjaFault.unsupported("a slice beside a comma", line: line) }
      parts += [bounds[0]].compactMap { $0 }
      bounds[0] = try node(.tuple(parts), start, parts)
    }
    if isSlice {
      bounds += [nil, nil]
      return try node(
        .slice(value, from: bounds[0], to: bounds[1], step: bounds[2]), start, value, bounds[0], bounds[1], bounds[2])
    }
    guard let key = bounds[0] else { throw fault("a subscript is empty") }
    return try node(.item(value, key), start, value, key)
  }

  private mutating func arguments() throws -> JinjaArguments {
    try expect(symbol: "(")
    var result = JinjaArguments()
    var needsComma = false
    while !isSymbol(")") {
      if needsComma {
        try expect(symbol: ",")
        if isSymbol(")") { break }
      }
      needsComma = true
      if result.moreNamed != nil { throw fault("an argument follows `**`") }
      if skip(symbol: "**") {
        result.moreNamed = try expression()
      } else if isSymbol("*") {
        if result.morePositional != nil { throw fault("`*` stands twice in one call") }
        advance()
        result.morePositional = try expression()
      } else if case .name(let name) = current, following == .symbol("=") {
        advance()
        advance()
        if result.named.contains(where: { $0.name == name }) { throw fault("the argument '\(name)' is given twice") }
        result.named.append((name, try expression()))
      } else {
        guard result.named.isEmpty, result.morePositional == nil else {
          throw fault("an argument without a name follows one with a name or `*`")
        }
        result.positional.append(try expression())
      }
    }
    advance()
    return result
  }

  mutating func filtersAndTests(of value: JinjaExpression) throws -> JinjaExpression {
    var value = value
    while true {
      switch current {
      case .symbol("|"): value = try filters(of: value)!
      case .name("is"): value = try test(of: value)
      case .symbol("("): value = try call(value)
      default: return value
      }
    }
  }

  /// `| name(arguments)`, any number of times; nil when there is neither a filter nor a value.
  mutating func filters(of value: JinjaExpression?, isFirst: Bool = false) throws -> JinjaExpression? {
    var value = value
    var needsBar = !isFirst
    while !needsBar || isSymbol("|") {
      let start = line
      if needsBar { advance() }
      needsBar = true
      let name = try dottedName()
      let arguments = isSymbol("(") ? try arguments() : JinjaArguments()
      value = try node(.filter(value, name, arguments), start, (value.map { [$0] } ?? []) + arguments.all)
    }
    return value
  }

  private mutating func dottedName() throws -> String {
    var name = try expectName()
    while skip(symbol: ".") { name += "." + (try expectName()) }
    return name
  }

  private mutating func test(of value: JinjaExpression) throws -> JinjaExpression {
    let start = line
    advance()
    let isNegated = skip(name: "not")
    let name = try dottedName()
    var arguments = JinjaArguments()
    if isSymbol("(") {
      arguments = try self.arguments()
    } else if testArgumentStarts {
      if isName("is") { throw fault("tests cannot be chained with `is`") }
      let argument = try nested { parser in try parser.postfixes(of: try parser.primary()) }
      arguments.positional = [argument]
    }
    let result = try node(.test(value, name, arguments), start, [value] + arguments.all)
    return isNegated ? try node(.not(result), start, result) : result
  }

  /// Whether the argument of a test stands here, without parentheses.
  private var testArgumentStarts: Bool {
    switch current {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .float, .symbol("["), .symbol("{"): true
    default: false
    }
  }
}
