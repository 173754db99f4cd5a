extension JinjaParser {
  /// How many expressions may be chained or nested in one.
  static let deepestExpression = 100

  func node(_ kind: JinjaExpression.Kind, _ line: Int, _ parts: JinjaExpression?...) throws -> JinjaExpression {
    try node(kind, line, parts.compactMap { $0 })
  }

  func node(_ kind: JinjaExpression.Kind, _ line: Int, _ parts: [JinjaExpression]) throws -> JinjaExpression {
    let depth = 1 + (parts.lazy.map(\.depth).max() ?? 0)
    if depth > Self.deepestExpression {
      throw JinjaFault.tooMuch("an expression is more than \(Self.deepestExpression) deep", line: line)
    }
    return JinjaExpression(kind: kind, line: line, depth: depth)
  }

  /// One expression, or a tuple of several with commas between them.
  mutating func tuple(
    conditional: Bool = true, until end: String? = nil, inParentheses: Bool = false
  ) throws -> JinjaExpression {
    let start = line
    var parts: [JinjaExpression] = []
    while true {
      if current == .variableEnd || current == .blockEnd || isSymbol(")") || end.map({ isName($0) }) ?? false { break }
      parts.append(try expression(conditional: conditional))
      if !skip(symbol: ",") {
        if parts.count == 1 { return parts[0] }
        break
      }
    }
    if parts.isEmpty, !inParentheses { throw fault("an expression is missing before '\(tokens[index].summary)'") }
    return try node(.tuple(parts), start, parts)
  }

  mutating func expression(conditional: Bool = true) throws -> JinjaExpression {
    try nested { parser in
      var result = try parser.chain(0)
      while conditional, parser.isName("if") {
        let start = parser.line
        parser.advance()
        let test = try parser.chain(0)
        let otherwise = parser.skip(name: "else") ? try parser.expression() : nil
        result = try parser.node(
          .conditional(test: test, then: result, otherwise: otherwise), start, result, test, otherwise)
      }
      return result
    }
  }

  // From loose to tight: or, and, not, comparisons, + and -, ~, * / // %, **.
  private static let notLevel = 2
  private static let arithmeticLevels: [String: Int] = ["+": 4, "-": 4, "*": 6, "/": 6, "//": 6, "%": 6, "**": 7]

  /// A chain of operators that bind at least as tight as `lowest`.
  private mutating func chain(_ lowest: Int) throws -> JinjaExpression {
    let start = line
    var left: JinjaExpression
    if lowest <= Self.notLevel, isName("not") {
      advance()
      let operand = try nested { try $0.chain(Self.notLevel) }
      left = try node(.not(operand), start, operand)
    } else {
      left = try unary()
    }
    while let next = try continued(left, lowest) { left = next }
    return left
  }

  /// `left` with the operator that follows and its operand, or nil when there is none.
  private mutating func continued(_ left: JinjaExpression, _ lowest: Int) throws -> JinjaExpression? {
    switch current {
    case .name("or") where lowest <= 0:
      let parts = try operands(left, 1) { $0.skip(name: "or") }
      return try node(.or(parts), left.line, parts)
    case .name("and") where lowest <= 1:
      let parts = try operands(left, 2) { $0.skip(name: "and") }
      return try node(.and(parts), left.line, parts)
    case .symbol("~") where lowest <= 5:
      let parts = try operands(left, 6) { $0.skip(symbol: "~") }
      return try node(.concatenation(parts), left.line, parts)
    case .symbol(let symbol):
      if lowest <= 3, JinjaComparison(rawValue: symbol) != nil { return try comparison(left) }
      guard let level = Self.arithmeticLevels[symbol], lowest <= level,
        let operation = JinjaArithmetic(rawValue: symbol)
      else { return nil }
      let start = line
      advance()
      let right = try chain(level + 1)
      return try node(.arithmetic(operation, left, right), start, left, right)
    case .name("in") where lowest <= 3: return try comparison(left)
    case .name("not") where lowest <= 3 && following == .name("in"): return try comparison(left)
    default: return nil
    }
  }

  private mutating func operands(
    _ first: JinjaExpression, _ level: Int, _ skip: (inout JinjaParser) -> Bool
  ) throws -> [JinjaExpression] {
    var parts = [first]
    while skip(&self) { parts.append(try chain(level)) }
    return parts
  }

  private mutating func comparison(_ first: JinjaExpression) throws -> JinjaExpression {
    var rest: [(operation: JinjaComparison, operand: JinjaExpression)] = []
    while let operation = comparisonOperator() { rest.append((operation, try chain(4))) }
    return try node(.comparison(first, rest), first.line, [first] + rest.map(\.operand))
  }

  private mutating func comparisonOperator() -> JinjaComparison? {
    switch current {
    case .symbol(let symbol):
      guard let operation = JinjaComparison(rawValue: symbol) else { return nil }
      advance()
      return operation
    case .name("in"):
      advance()
      return .isIn
    case .name("not") where following == .name("in"):
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func unary(withFilters: Bool = true) throws -> JinjaExpression {
    let start = line
    var value: JinjaExpression
    if isSymbol("-") || isSymbol("+") {
      let isMinus = isSymbol("-")
      advance()
      let operand = try nested { try $0.unary(withFilters: false) }
      value = try node(.sign(operand, isMinus: isMinus), start, operand)
    } else {
      value = try primary()
    }
    value = try postfixes(of: value)
    return withFilters ? try filtersAndTests(of: value) : value
  }

  mutating func primary() throws -> JinjaExpression {
    let start = line
    switch current {
    case .name(let name):
      advance()
      return try node(named(name), start)
    case .string(var text):
      advance()
      while case .string(let more) = current {
        text += more
        advance()
      }
      return try node(.string(text), start)
    case .integer(let value):
      advance()
      return try node(.integer(value), start)
    case .float(let value):
      advance()
      return try node(.float(value), start)
    case .symbol("("):
      advance()
      let value = try tuple(inParentheses: true)
      try expect(symbol: ")")
      return value
    case .symbol("["):
      advance()
      let parts = try list(end: "]") { try $0.expression() }
      return try node(.list(parts), start, parts)
    case .symbol("{"):
      advance()
      let pairs = try list(end: "}") { parser in
        let key = try parser.expression()
        try parser.expect(symbol: ":")
        return (key: key, value: try parser.expression())
      }
      return try node(.dictionary(pairs), start, pairs.flatMap { [$0.key, $0.value] })
    default: throw fault("'\(tokens[index].summary)' cannot stand here")
    }
  }

  private mutating func named(_ name: String) -> JinjaExpression.Kind {
    switch name {
    case "true", "True": return .bool(true)
    case "false", "False": return .bool(false)
    case "none", "None": return .null
    case "varargs": seenPositional = true
    case "kwargs": seenNamed = true
    case "caller": seenCaller = true
    default: break
    }
    return .name(name)
  }

  /// Elements with commas between them, and `end`; a comma may stand before it.
  private mutating func list<Element>(
    end: String, _ element: (inout JinjaParser) throws -> Element
  ) throws -> [Element] {
    var elements: [Element] = []
    while !isSymbol(end) {
      if !elements.isEmpty { try expect(symbol: ",") }
      if isSymbol(end) { break }
      elements.append(try element(&self))
    }
    advance()
    return elements
  }
}
