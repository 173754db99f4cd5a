// Macros, and blocks that call one.
extension JinjaParser {
  mutating func macro() throws -> JinjaStatement {
    let start = line
    let name = try assignableName()
    return .macro(try definition(name, end: "endmacro", start) { try $0.parameters() })
  }

  /// `call(parameters) macro(arguments)`, with or without parameters.
  mutating func callBlock() throws -> JinjaStatement {
    let start = line
    var call: JinjaExpression?
    let caller = try definition(nil, end: "endcall", start) { parser in
      let parameters = parser.isSymbol("(") ? try parser.parameters() : []
      call = try parser.expression()
      return parameters
    }
    guard let call, case .call = call.kind else { throw JinjaFault("`{% call %}` lacks a call", line: start) }
    return .callBlock(call, caller: caller)
  }

  /// What `head` reads, and a body.
  private mutating func definition(
    _ name: String?, end: String, _ start: Int,
    _ head: (inout JinjaParser) throws -> [(name: String, value: JinjaExpression?)]
  ) throws -> JinjaMacroDefinition {
    let outer = (seenPositional, seenNamed, seenCaller)
    // What the head of a call block says belongs to the macro around it.
    let parameters = try head(&self)
    let seenInHead = (seenPositional, seenNamed, seenCaller)
    (seenPositional, seenNamed, seenCaller) = (false, false, false)
    // What a macro inside speaks of counts for the outer one, too.
    defer {
      (seenPositional, seenNamed, seenCaller) = (
        seenPositional || outer.0 || seenInHead.0, seenNamed || outer.1 || seenInHead.1,
        seenCaller || outer.2 || seenInHead.2
      )
    }
    let body = try outsideOfLoops { try $0.block(end) }
    advance()
    if seenCaller, parameters.contains(where: { $0.name == "caller" && $0.value == nil }) {
      throw JinjaFault("a parameter called 'caller' needs a value", line: start)
    }
    func isSpecial(_ name: String, _ isSeen: Bool) -> Bool { isSeen && !parameters.contains { $0.name == name } }
    return JinjaMacroDefinition(
      name: name, parameters: parameters, body: body, takesMorePositional: isSpecial("varargs", seenPositional),
      takesMoreNamed: isSpecial("kwargs", seenNamed), takesCaller: isSpecial("caller", seenCaller), line: start)
  }

  private mutating func parameters() throws -> [(name: String, value: JinjaExpression?)] {
    try expect(symbol: "(")
    var parameters: [(name: String, value: JinjaExpression?)] = []
    while !isSymbol(")") {
      if !parameters.isEmpty { try expect(symbol: ",") }
      let parameter = try assignableName()
      let value = skip(symbol: "=") ? try expression() : nil
      if value == nil, let last = parameters.last, last.value != nil {
        throw fault("the parameter '\(parameter)' without a value follows one with a value")
      }
      if parameters.contains(where: { $0.name == parameter }) {
        throw fault("two parameters are called '\(parameter)'")
      }
      parameters.append((parameter, value))
    }
    advance()
    return parameters
  }
}
