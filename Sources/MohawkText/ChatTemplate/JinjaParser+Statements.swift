extension JinjaParser {
  /// The statements up to a tag named in `ends`, whose name is the current token then, or up to the end.
  mutating func body(until ends: Set<String>) throws -> [JinjaStatement] {
    var statements: [JinjaStatement] = []
    while true {
      switch current {
      case .data(let bytes):
        statements.append(.data(bytes))
        advance()
      case .variableBegin:
        advance()
        let value = try tuple()
        try expect(.variableEnd, "}}")
        statements.append(.output(value))
      case .blockBegin:
        advance()
        if case .name(let name) = current, ends.contains(name) { return statements }
        let statement = try nested { try $0.statement(ends) }
        statements.append(statement)
        try expect(.blockEnd, "%}")
      default:
        if !ends.isEmpty { throw fault("the tag `\(ends.sorted().joined(separator: "` or `"))` is missing") }
        return statements
      }
    }
  }

  /// What follows `%}` of an opening tag, up to and with the name of one of the tags in `ends`.
  mutating func block(_ ends: String...) throws -> [JinjaStatement] {
    _ = skip(symbol: ":")
    try expect(.blockEnd, "%}")
    return try body(until: Set(ends))
  }

  private mutating func statement(_ ends: Set<String>) throws -> JinjaStatement {
    let start = line
    let name = try expectName()
    switch name {
    case "if": return try condition()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return try macro()
    case "call": return try callBlock()
    case "print": return .output(try printed())
    case "with": return try with()
    case "filter":
      guard let filter = try filters(of: nil, isFirst: true) else { throw fault("a filter is missing") }
      let body = try block("endfilter")
      advance()
      return .filtered(filter, body: body)
    case "generation":
      let body = try outsideOfLoops { try $0.block("endgeneration") }
      advance()
      return .generation(body)
    case "break", "continue":
      if loops == 0 { throw JinjaFault("`{% \(name) %}` stands outside of a loop", line: start) }
      return name == "break" ? .leave : .next
    case "import", "from", "include", "extends", "block", "autoescape", "do", "trans", "debug":
      throw JinjaFault.unsupported("`{% \(name) %}`", line: start)
    default:
      let wanted = ends.isEmpty ? "" : ", where `\(ends.sorted().joined(separator: "` or `"))` is missing"
      throw JinjaFault("`{% \(name.prefix(40)) %}` is no known tag\(wanted)", line: start)
    }
  }

  mutating func outsideOfLoops<Result>(_ part: (inout JinjaParser) throws -> Result) rethrows -> Result {
    let outer = loops
    loops = 0
    defer { loops = outer }
    return try part(&self)
  }

  private mutating func condition() throws -> JinjaStatement {
    var branches: [(JinjaExpression, [JinjaStatement])] = []
    while true {
      let test = try tuple(conditional: false)
      branches.append((test, try block("elif", "else", "endif")))
      if skip(name: "elif") { continue }
      var otherwise: [JinjaStatement] = []
      if skip(name: "else") { otherwise = try block("endif") }
      advance()
      return .condition(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws -> JinjaStatement {
    let target = try target(withMembers: false, until: "in")
    guard skip(name: "in") else { throw fault("`in` is missing in a `for` tag") }
    let items = try tuple(conditional: false, until: "recursive")
    let filter = skip(name: "if") ? try expression() : nil
    let isRecursive = skip(name: "recursive")
    loops += 1
    let body: [JinjaStatement]
    do {
      defer { loops -= 1 }
      body = try block("endfor", "else")
    }
    var otherwise: [JinjaStatement] = []
    if skip(name: "else") { otherwise = try block("endfor") }
    advance()
    return .loop(
      JinjaLoop(
        target: target, items: items, filter: filter, body: body, otherwise: otherwise, isRecursive: isRecursive))
  }

  /// What `{% print a, b %}` writes, joined.
  private mutating func printed() throws -> JinjaExpression {
    let start = line
    var parts: [JinjaExpression] = []
    while current != .blockEnd, current != .end {
      if !parts.isEmpty { try expect(symbol: ",") }
      parts.append(try expression())
    }
    return try node(.concatenation(parts), start, parts)
  }

  private mutating func assignment() throws -> JinjaStatement {
    let target = try target(withMembers: true, until: nil)
    if skip(symbol: "=") { return .assign(target, try tuple()) }
    let filter = try filters(of: nil)
    let body = try block("endset")
    advance()
    return .assignBody(target, filter: filter, body: body)
  }

  private mutating func with() throws -> JinjaStatement {
    var values: [(JinjaTarget, JinjaExpression)] = []
    while current != .blockEnd, current != .end {
      if !values.isEmpty { try expect(symbol: ",") }
      let target = try target(withMembers: false, until: nil)
      try expect(symbol: "=")
      values.append((target, try expression()))
    }
    let body = try block("endwith")
    advance()
    return .with(values, body: body)
  }

  mutating func assignableName() throws -> String {
    let name = try expectName()
    if ["true", "false", "none", "True", "False", "None"].contains(name) {
      throw fault("`\(name)` cannot be assigned to")
    }
    return name
  }

  /// One target, or several with commas between them.
  private mutating func target(withMembers: Bool, until end: String?) throws -> JinjaTarget {
    var targets: [JinjaTarget] = []
    while true {
      if current == .blockEnd || isSymbol(")") || end.map({ isName($0) }) ?? false { break }
      targets.append(try oneTarget(withMembers: withMembers))
      if !skip(symbol: ",") {
        if targets.count == 1 { return targets[0] }
        break
      }
    }
    if targets.isEmpty { throw fault("a name is missing before '\(tokens[index].summary)'") }
    return .tuple(targets)
  }

  private mutating func oneTarget(withMembers: Bool) throws -> JinjaTarget {
    if skip(symbol: "(") {
      let inner = try nested { try $0.target(withMembers: false, until: nil) }
      try expect(symbol: ")")
      return inner
    }
    let name = try assignableName()
    if withMembers, skip(symbol: ".") { return .member(name, try expectName()) }
    return .name(name)
  }
}
