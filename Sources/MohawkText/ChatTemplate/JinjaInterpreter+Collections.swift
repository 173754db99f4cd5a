// Filters of collections.
extension JinjaInterpreter {
  func collectionFilter(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    switch name {
    case "first", "last": return try end(value, name, arguments)
    case "list":
      _ = try arguments.matched(name)
      return try list(try elements(value))
    case "join":
      let values = try arguments.matched(name, "d", "attribute")
      let getter = try attributeGetter(values[1])
      let pieces = try elements(value).map { try printed(try getter($0)) }
      return try join(pieces, try values[0].map { try printed($0) } ?? [])
    case "items":
      _ = try arguments.matched(name)
      if value.isUndefined { return try iterator([]) }
      guard case .dictionary(let dictionary) = value else { throw misfit(value, name) }
      return try iterator(try JinjaView(dictionary: dictionary, kind: .items).values())
    case "dictsort": return try dictsort(value, arguments)
    case "sort":
      let values = try arguments.matched(name, "reverse", "case_sensitive", "attribute")
      return try sort(value, values)
    case "min", "max": return try extreme(value, name, arguments)
    case "unique":
      let values = try arguments.matched(name, "case_sensitive", "attribute")
      let key = try keyGetter(values[1], isCaseSensitive: values[0]?.isTrue ?? false)
      var seen: Set<JinjaKey> = []
      return try iterator(try elements(value).filter { seen.insert(try JinjaKey(try key($0))).inserted })
    case "reverse":
      _ = try arguments.matched(name)
      if case .string(let bytes) = value { return try string(PythonText.bytes(PythonText.scalars(bytes).reversed())) }
      return try iterator(try elements(value).reversed())
    case "sum":
      let values = try arguments.matched(name, "attribute", "start")
      let getter = try attributeGetter(values[0])
      if case .string? = values[1] { throw JinjaFault("`sum` does not add up text", code: .invalidValue) }
      return try elements(value).reduce(values[1] ?? .integer(0)) { try arithmetic(.add, $0, try getter($1)) }
    case "map": return try map(value, arguments)
    case "select", "reject", "selectattr", "rejectattr": return try select(value, name, arguments)
    default: return try groupFilter(value, name, arguments)
    }
  }

  private func end(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    _ = try arguments.matched(name)
    if case .iterator(let iterator) = value {
      if name == "last" { throw misfit(value, name) }
      return iterator.next() ?? .undefined("there is no first item")
    }
    let values = try elements(value)
    return (name == "first" ? values.first : values.last) ?? .undefined("there is no \(name) item")
  }

  /// What `attribute='a.b.0'` takes of a value; all of it when there is no attribute.
  func attributeGetter(
    _ attribute: JinjaValue?, preset: JinjaValue? = nil
  ) throws -> (JinjaValue) throws -> JinjaValue {
    let parts: [JinjaValue]
    switch attribute {
    case nil, .some(.null): return { $0 }
    case .string(let bytes):
      parts = PythonText.split(bytes, [UInt8(ascii: ".")], limit: -1, fromRight: false).map { part in
        PythonText.all(part) { ("0"..."9").contains($0) }
          ? Int(String(decoding: part, as: UTF8.self)).map { .integer($0) } ?? .string(part) : .string(part)
      }
    case let value?: parts = [value]
    }
    return { [self] value in
      var value = value
      for part in parts {
        value = try item(part, of: value)
        if let preset, value.isUndefined { value = preset }
      }
      return value
    }
  }

  func keyGetter(
    _ attribute: JinjaValue?, isCaseSensitive: Bool, preset: JinjaValue? = nil
  ) throws -> (JinjaValue) throws -> JinjaValue {
    let getter = try attributeGetter(attribute, preset: preset)
    return { [self] value in
      let key = try getter(value)
      guard !isCaseSensitive, case .string(let bytes) = key else { return key }
      return try string(PythonText.lower(bytes))
    }
  }

  private func sort(_ value: JinjaValue, _ arguments: [JinjaValue?]) throws -> JinjaValue {
    var attributes = [arguments[2]]
    if case .string(let bytes)? = arguments[2] {
      attributes = PythonText.split(bytes, [UInt8(ascii: ",")], limit: -1, fromRight: false).map { .string($0) }
    }
    let isCaseSensitive = arguments[1]?.isTrue ?? false
    let getters = try attributes.map { try keyGetter($0, isCaseSensitive: isCaseSensitive) }
    let keyed = try elements(value).map { element in
      (key: try list(try getters.map { try $0(element) }), value: element)
    }
    let isReversed = arguments[0]?.isTrue ?? false
    return try list(try sorted(keyed, isReversed: isReversed) { try isLess($0.key, $1.key) }.map(\.value))
  }

  private func dictsort(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("dictsort", "case_sensitive", "by", "reverse")
    guard case .dictionary(let dictionary) = value else { throw misfit(value, "dictsort") }
    let by = try values[1].map { String(decoding: try printed($0), as: UTF8.self) } ?? "key"
    guard by == "key" || by == "value" else { throw JinjaFault("`dictsort` sorts by 'key' or 'value'") }
    let key = try keyGetter(nil, isCaseSensitive: values[0]?.isTrue ?? false)
    let keyed = try dictionary.entries.map { (key: try key(by == "key" ? $0.key : $0.value), entry: $0) }
    let isReversed = values[2]?.isTrue ?? false
    let entries = try sorted(keyed, isReversed: isReversed) { try isLess($0.key, $1.key) }.map(\.entry)
    return try list(try entries.map { try tuple([$0.key, $0.value]) })
  }

  /// Sorts by merging, so that equal elements keep their order.
  func sorted<Element>(
    _ elements: [Element], isReversed: Bool, _ isLess: (Element, Element) throws -> Bool
  ) throws -> [Element] {
    var runs = elements.map { [$0] }
    while runs.count > 1 {
      try spend(values: elements.count)
      runs = try stride(from: 0, to: runs.count, by: 2).map { index in
        index + 1 < runs.count ? try merged(runs[index], runs[index + 1], isReversed, isLess) : runs[index]
      }
    }
    return runs.first ?? []
  }

  private func merged<Element>(
    _ left: [Element], _ right: [Element], _ isReversed: Bool, _ isLess: (Element, Element) throws -> Bool
  ) throws -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(left.count + right.count)
    var first = left[...]
    var second = right[...]
    while let one = first.first, let other = second.first {
      let takesSecond = isReversed ? try isLess(one, other) : try isLess(other, one)
      result.append(takesSecond ? second.removeFirst() : first.removeFirst())
    }
    return result + first + second
  }

  private func extreme(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched(name, "case_sensitive", "attribute")
    let key = try keyGetter(values[1], isCaseSensitive: values[0]?.isTrue ?? false)
    var best: (key: JinjaValue, value: JinjaValue)?
    for element in try elements(value) {
      let found = try key(element)
      if let known = best, try !(name == "min" ? isLess(found, known.key) : isLess(known.key, found)) { continue }
      best = (found, element)
    }
    return best?.value ?? .undefined("there is no item")
  }

  private func map(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    guard value.isTrue else { return try iterator([]) }
    if arguments.positional.isEmpty, arguments.named.contains(where: { $0.name == "attribute" }) {
      let values = try arguments.matched("map", "attribute", "default")
      let preset: JinjaValue? = if case .some(.null) = values[1] { nil } else { values[1] }
      let getter = try attributeGetter(values[0], preset: preset)
      return try iterator(try elements(value).map { try getter($0) })
    }
    guard case .string(let bytes)? = arguments.positional.first else {
      throw JinjaFault("`map` needs a filter or an attribute", code: .invalidValue)
    }
    let name = String(decoding: bytes, as: UTF8.self)
    let rest = JinjaCallValues(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
    let mapped = try elements(value).map { element in
      try enter()
      defer { leave() }
      return try filter(element, name, rest)
    }
    return try iterator(mapped)
  }

  private func select(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    guard value.isTrue else { return try iterator([]) }
    var rest = arguments
    var getter: (JinjaValue) throws -> JinjaValue = { $0 }
    if name.hasSuffix("attr") {
      if rest.positional.isEmpty { throw JinjaFault("`\(name)` needs an attribute", code: .invalidValue) }
      getter = try attributeGetter(rest.positional.removeFirst())
    }
    var testName: String?
    if !rest.positional.isEmpty {
      testName = String(decoding: try text(rest.positional.removeFirst(), name), as: UTF8.self)
    }
    let isWanted = name.hasPrefix("select")
    let chosen = try elements(value).filter { element in
      let found = try getter(element)
      return try (testName.map { try test(found, $0, rest) } ?? found.isTrue) == isWanted
    }
    return try iterator(chosen)
  }
}
