// Functions and macros.
extension JinjaInterpreter {
  func call(_ callee: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    switch callee {
    case .macro(let macro): return try call(macro, arguments)
    case .method(let method): return try call(method, arguments)
    case .loop(let loop):
      guard let again = loop.again else {
        throw JinjaFault("a loop is called that is not marked `recursive`", code: .invalidValue)
      }
      guard let items = try arguments.matched("loop", "iterable")[0] else {
        throw JinjaFault("`loop` is called without items", code: .invalidValue)
      }
      return try again(items)
    case .joiner(let joiner):
      _ = try arguments.matched("joiner")
      return joiner.next()
    case .function("cycler"):
      guard !arguments.positional.isEmpty, arguments.named.isEmpty else {
        throw JinjaFault("`cycler` takes one value at least, without a name", code: .invalidValue)
      }
      try spend(values: 8 + arguments.positional.count)
      return .cycler(JinjaCycler(try JinjaItems(arguments.positional)))
    case .function("joiner"):
      try spend(values: 8)
      return .joiner(JinjaJoiner(try arguments.matched("joiner", "sep")[0] ?? .text(", ")))
    case .function("range"): return try range(arguments)
    case .function("dict"): return try dictionary(try pairs(arguments, "dict"))
    case .function("namespace"): return try namespace(arguments)
    case .function("raise_exception"):
      let message = try arguments.matched("raise_exception", "message")[0]
      let text = try message.map { String(decoding: try printed($0), as: UTF8.self) } ?? ""
      throw JinjaFault("the conversation is refused: \(text)", code: .invalidValue)
    case .function("strftime_now"):
      guard case .string(let format)? = try arguments.matched("strftime_now", "format")[0] else {
        throw JinjaFault("`strftime_now` needs a format", code: .invalidValue)
      }
      return try string(try now.formatted(format))
    case .undefined(let reason): throw JinjaFault(reason, code: .invalidValue)
    default: throw JinjaFault("a value of type \(callee.type) cannot be called", code: .invalidValue)
    }
  }

  private func range(_ arguments: JinjaCallValues) throws -> JinjaValue {
    let bounds = try arguments.matched("range", "start", "stop", "step").compactMap { $0 }.map { value in
      guard let whole = value.wholeNumber else {
        throw JinjaFault("`range` takes integers, not a value of type \(value.type)", code: .invalidValue)
      }
      return whole
    }
    guard let first = bounds.first, arguments.named.isEmpty else {
      throw JinjaFault("`range` takes one to three integers", code: .invalidValue)
    }
    let (start, stop) = bounds.count == 1 ? (0, first) : (first, bounds[1])
    let step = bounds.count == 3 ? bounds[2] : 1
    if step == 0 { throw JinjaFault("`range` has the step 0", code: .invalidValue) }
    guard abs(Double(start)) < 1e18, abs(Double(stop)) < 1e18, abs(Double(step)) < 1e18 else {
      throw JinjaFault.tooMuch("`range` is given too large an integer")
    }
    let distance = step > 0 ? stop - start : start - stop
    let count = distance <= 0 ? 0 : (distance - 1) / abs(step) + 1
    // The sandbox of Jinja has the same limit.
    if count > 100_000 { throw JinjaFault.tooMuch("`range` has more than 100000 elements") }
    return .range(JinjaRange(start: start, stop: stop, step: step, count: count))
  }

  /// The entries that `dict(…)` and `namespace(…)` are called with.
  private func pairs(_ arguments: JinjaCallValues, _ owner: String) throws -> [(key: JinjaValue, value: JinjaValue)] {
    guard arguments.positional.count <= 1 else {
      throw JinjaFault("`\(owner)` takes one argument without a name at most", code: .invalidValue)
    }
    var pairs: [(key: JinjaValue, value: JinjaValue)] = []
    switch arguments.positional.first {
    case nil: break
    case .undefined(let reason): throw JinjaFault(reason, code: .invalidValue)
    case .dictionary(let dictionary): pairs = dictionary.entries
    case let value?:
      pairs = try elements(value).map { entry in
        let parts = try elements(entry)
        if parts.count != 2 { throw JinjaFault("an entry of a dict is no pair", code: .invalidValue) }
        return (parts[0], parts[1])
      }
    }
    return pairs + arguments.named.map { (.text($0.name), $0.value) }
  }

  private func namespace(_ arguments: JinjaCallValues) throws -> JinjaValue {
    var members: [String: JinjaValue] = [:]
    for (key, value) in try pairs(arguments, "namespace") {
      guard case .string(let name) = key else {
        throw JinjaFault("a name in a namespace is no string", code: .invalidValue)
      }
      members[String(decoding: name, as: UTF8.self)] = value
    }
    return try namespace(members)
  }

  private func call(_ macro: JinjaMacro, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let definition = macro.definition
    let scope = JinjaScope(macro.scope)
    var named = arguments.named
    for (index, parameter) in definition.parameters.enumerated() {
      let place = named.firstIndex { $0.name == parameter.name }
      if index < arguments.positional.count {
        if place != nil { throw misuse(definition, "is given '\(parameter.name)' twice") }
        scope.names[parameter.name] = arguments.positional[index]
      } else if let place {
        scope.names[parameter.name] = named.remove(at: place).value
      } else if parameter.value == nil {
        scope.names[parameter.name] = .undefined("parameter '\(parameter.name)' was not provided")
      }
    }
    for parameter in definition.parameters where scope.names[parameter.name] == nil {
      if let value = parameter.value { scope.names[parameter.name] = try evaluate(value, scope) }
    }
    if definition.takesCaller {
      let place = named.firstIndex { $0.name == "caller" }
      scope.names["caller"] = place.map { named.remove(at: $0).value } ?? .undefined("no caller is defined")
    }
    let rest = Array(arguments.positional.dropFirst(definition.parameters.count))
    if definition.takesMorePositional {
      scope.names["varargs"] = try tuple(rest)
    } else if !rest.isEmpty {
      throw misuse(definition, "takes \(definition.parameters.count) arguments at most")
    }
    if definition.takesMoreNamed {
      scope.names["kwargs"] = try dictionary(named.map { (.text($0.name), $0.value) })
    } else if named.contains(where: { $0.name == "caller" }) {
      throw misuse(definition, "does not speak of the `caller` that a `{% call %}` block gives it")
    } else if let extra = named.first {
      throw misuse(definition, "takes no argument '\(extra.name)'")
    }
    try spend(values: 4)
    return .string(try captured { try execute(definition.body, scope) }.text)
  }

  private func misuse(_ definition: JinjaMacroDefinition, _ problem: String) -> JinjaFault {
    let owner = definition.name.map { "the macro '\($0)'" } ?? "the body of a `{% call %}` block"
    return JinjaFault("\(owner) \(problem)", code: .invalidValue)
  }
}
