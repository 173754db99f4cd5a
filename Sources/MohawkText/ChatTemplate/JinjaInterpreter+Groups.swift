// Filters that divide a collection, or take a member.
extension JinjaInterpreter {
  func groupFilter(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    switch name {
    case "groupby": return try groups(value, arguments)
    case "batch":
      let values = try arguments.matched(name, "linecount", "fill_with")
      return try iterator(try batches(value, try size(values[0], name), values[1]))
    case "slice":
      let values = try arguments.matched(name, "slices", "fill_with")
      return try iterator(try slices(value, try size(values[0], name), values[1]))
    case "attr":
      guard case .string(let bytes)? = try arguments.matched(name, "name")[0]?.unmarked else {
        throw JinjaFault("`attr` needs a name", code: .invalidValue)
      }
      // Unlike `value.name`, it does not look for an entry of a dict.
      if case .dictionary = value, !Self.dictionaryMethods.contains(String(decoding: bytes, as: UTF8.self)) {
        return .undefined("a dict has no attribute '\(String(decoding: bytes.prefix(60), as: UTF8.self))'")
      }
      return try attribute(String(decoding: bytes, as: UTF8.self), of: value)
    default: return try textFilter(value, name, arguments)
    }
  }

  private func size(_ value: JinjaValue?, _ name: String) throws -> Int {
    guard let count = value?.wholeNumber, count > 0 else {
      throw JinjaFault("`\(name)` needs a whole number above 0", code: .invalidValue)
    }
    return count
  }

  private func groups(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("groupby", "attribute", "default", "case_sensitive")
    guard let attribute = values[0] else { throw JinjaFault("`groupby` needs an attribute", code: .invalidValue) }
    let preset: JinjaValue? = if case .some(.null) = values[1] { nil } else { values[1] }
    let isCaseSensitive = values[2]?.isTrue ?? false
    let key = try keyGetter(attribute, isCaseSensitive: isCaseSensitive, preset: preset)
    let name = try attributeGetter(attribute, preset: preset)
    let keyed = try elements(value).map { (key: try key($0), value: $0) }
    var groups: [(key: JinjaValue, values: [JinjaValue])] = []
    for (key, value) in try sorted(keyed, isReversed: false, { try isLess($0.key, $1.key) }) {
      if let last = groups.last, try areEqual(last.key, key) {
        groups[groups.count - 1].values.append(value)
      } else {
        groups.append((key, [value]))
      }
    }
    return try list(
      try groups.map { group in
        try spend(values: 2)
        return .tuple(
          try JinjaItems([try name(group.values[0]), try list(group.values)], names: ["grouper", "list"]))
      })
  }

  private func batches(_ value: JinjaValue, _ size: Int, _ filler: JinjaValue?) throws -> [JinjaValue] {
    let values = try elements(value)
    return try stride(from: 0, to: values.count, by: size).map { start in
      try filled(Array(values[start..<min(start + size, values.count)]), to: size, with: filler)
    }
  }

  private func filled(_ values: [JinjaValue], to size: Int, with filler: JinjaValue?) throws -> JinjaValue {
    guard let filler, values.count < size else { return try list(values) }
    if case .null = filler { return try list(values) }
    try spend(values: size - values.count)
    return try list(values + [JinjaValue](repeating: filler, count: size - values.count))
  }

  /// Columns of nearly the same length; the first ones have what is left over.
  private func slices(_ value: JinjaValue, _ count: Int, _ filler: JinjaValue?) throws -> [JinjaValue] {
    let values = try elements(value)
    let (size, longer) = (values.count / count, values.count % count)
    try spend(values: count)
    return try (0..<count).map { index in
      let start = index * size + min(index, longer)
      let end = start + size + (index < longer ? 1 : 0)
      return try filled(Array(values[start..<end]), to: index < longer ? 0 : size + 1, with: filler)
    }
  }
}
