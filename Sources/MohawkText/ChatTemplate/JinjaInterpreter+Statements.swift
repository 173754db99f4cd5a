extension JinjaInterpreter {
  func execute(_ statements: [JinjaStatement], _ scope: JinjaScope) throws -> Flow {
    for statement in statements {
      try enter()
      defer { leave() }
      let flow = try execute(statement, scope)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private func execute(_ statement: JinjaStatement, _ scope: JinjaScope) throws -> Flow {
    switch statement {
    case .data(let bytes):
      try spend(bytes.count)
      output += bytes
    case .output(let value): try write(value, scope)
    case .condition(let branches, let otherwise): return try condition(branches, otherwise, scope)
    case .loop(let loop): return try run(loop, scope)
    case .assign(let target, let value):
      try located(value.line) { try assign(target, try evaluate(value, scope), scope) }
    case .assignBody(let target, let filter, let body): return try assignBody(target, filter, body, scope)
    case .macro(let definition):
      if let name = definition.name { scope.names[name] = try macro(definition, scope) }
    case .callBlock(let call, let caller): try run(call, caller, scope)
    case .with(let values, let body): return try with(values, body, scope)
    case .filtered(let filter, let body): return try filtered(filter, body, scope)
    case .generation(let body): return try generate { try execute(body, JinjaScope(scope)) }
    case .leave: return .leave
    case .next: return .next
    }
    return .onward
  }

  private func write(_ value: JinjaExpression, _ scope: JinjaScope) throws {
    try located(value.line) { try print(try evaluate(value, scope), into: &output) }
  }

  private func condition(
    _ branches: [(test: JinjaExpression, body: [JinjaStatement])], _ otherwise: [JinjaStatement], _ scope: JinjaScope
  ) throws -> Flow {
    for branch in branches where try evaluate(branch.test, scope).isTrue { return try execute(branch.body, scope) }
    return try execute(otherwise, scope)
  }

  /// Writes what a call gives that may call `caller` back.
  private func run(_ call: JinjaExpression, _ caller: JinjaMacroDefinition, _ scope: JinjaScope) throws {
    guard case .call(let callee, let arguments) = call.kind else { return }
    try located(call.line) {
      let callee = try evaluate(callee, scope)
      var values = try values(of: arguments, scope)
      values.named.append(("caller", try macro(caller, scope)))
      try print(try self.call(callee, values), into: &output)
    }
  }

  private func run(_ loop: JinjaLoop, _ scope: JinjaScope) throws -> Flow {
    try run(loop, over: try located(loop.items.line) { try elements(try evaluate(loop.items, scope)) }, 0, scope)
  }

  private func run(_ loop: JinjaLoop, over items: [JinjaValue], _ level: Int, _ scope: JinjaScope) throws -> Flow {
    let again: (JinjaValue) throws -> JinjaValue = { [self] items in
      try enter()
      defer { leave() }
      let items = try elements(items)
      return .string(try captured { try run(loop, over: items, level + 1, scope) }.text)
    }
    let state = try located(loop.items.line) {
      try JinjaLoopState(
        items, level: level, accept: accepting(loop, scope), again: loop.isRecursive ? again : nil)
    }
    defer { state.finish() }
    // Jinja takes the `else` when no turn came to the end of the body.
    var hasFinished = false
    while let value = try state.next() {
      try spend(values: 4)
      let inner = JinjaScope(scope)
      try located(loop.items.line) { try assign(loop.target, value, inner) }
      inner.names["loop"] = .loop(state)
      let flow = try execute(loop.body, inner)
      if flow == .leave { break }
      if flow == .onward { hasFinished = true }
    }
    return hasFinished ? .onward : try execute(loop.otherwise, JinjaScope(scope))
  }

  private func accepting(_ loop: JinjaLoop, _ scope: JinjaScope) -> ((JinjaValue) throws -> JinjaValue?)? {
    guard let filter = loop.filter else { return nil }
    return { [self] value in
      let inner = JinjaScope(scope)
      try assign(loop.target, value, inner)
      guard try evaluate(filter, inner).isTrue else { return nil }
      if case .tuple = loop.target { return try tuple(try elements(value)) }
      return value
    }
  }

  private func assignBody(
    _ target: JinjaTarget, _ filter: JinjaExpression?, _ body: [JinjaStatement], _ scope: JinjaScope
  ) throws -> Flow {
    let inner = JinjaScope(scope)
    let (text, flow) = try captured { try execute(body, inner) }
    if flow != .onward { return flow }
    try assign(target, try filter.map { try filterBlock($0, .string(text), inner) } ?? .string(text), scope)
    return .onward
  }

  private func with(
    _ values: [(target: JinjaTarget, value: JinjaExpression)], _ body: [JinjaStatement], _ scope: JinjaScope
  ) throws -> Flow {
    let inner = JinjaScope(scope)
    for (target, value) in values { try assign(target, try evaluate(value, scope), inner) }
    return try execute(body, inner)
  }

  private func filtered(_ filter: JinjaExpression, _ body: [JinjaStatement], _ scope: JinjaScope) throws -> Flow {
    let inner = JinjaScope(scope)
    let (text, flow) = try captured { try execute(body, inner) }
    if flow != .onward { return flow }
    try print(try filterBlock(filter, .string(text), inner), into: &output)
    return .onward
  }

  /// Applies a chain of filters whose innermost one has no operand yet.
  private func filterBlock(_ filter: JinjaExpression, _ value: JinjaValue, _ scope: JinjaScope) throws -> JinjaValue {
    guard case .filter(let operand, let name, let arguments) = filter.kind else { return value }
    let inner = try operand.map { try filterBlock($0, value, scope) } ?? value
    return try located(filter.line) { try self.filter(inner, name, try values(of: arguments, scope)) }
  }

  private func assign(_ target: JinjaTarget, _ value: JinjaValue, _ scope: JinjaScope) throws {
    switch target {
    case .name(let name): scope.names[name] = value
    case .member(let name, let member):
      guard case .namespace(let namespace)? = scope[name] else {
        throw JinjaFault("a member is assigned to '\(name)', which is no namespace", code: .invalidValue)
      }
      if member.hasPrefix("_") {
        throw JinjaFault("a namespace cannot hold '\(member)', since it begins with an underscore", code: .invalidValue)
      }
      namespace.members[member] = value
    case .tuple(let targets):
      let values = try elements(value)
      if values.count != targets.count {
        throw JinjaFault("\(values.count) values are assigned to \(targets.count) names", code: .invalidValue)
      }
      for (target, value) in zip(targets, values) { try assign(target, value, scope) }
    }
  }

  /// What iterating over a value gives.
  func elements(_ value: JinjaValue) throws -> [JinjaValue] {
    let values: [JinjaValue]
    switch value.unmarked {
    case .undefined: return []
    case .list(let items), .tuple(let items): values = items.values
    case .string(let bytes): values = PythonText.scalars(bytes).map { .string(PythonText.bytes([$0])) }
    case .dictionary(let dictionary): values = dictionary.entries.map(\.key)
    case .range(let range): values = (0..<range.count).map { range[$0] }
    case .view(let view): values = try view.values()
    case .iterator(let iterator): values = iterator.takeAll()
    default: throw JinjaFault("a value of type \(value.type) cannot be iterated", code: .invalidValue)
    }
    try step(values.count)
    return values
  }
}
