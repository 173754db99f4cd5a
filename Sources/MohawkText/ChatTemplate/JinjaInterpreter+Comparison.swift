extension JinjaInterpreter {
  func compare(_ operation: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
    let (left, right) = (left.unmarked, right.unmarked)
    return switch operation {
    case .equal: try areEqual(left, right)
    case .notEqual: try !areEqual(left, right)
    case .isIn: try contains(right, left)
    case .isNotIn: try !contains(right, left)
    case .less: try order(operation, left, right) { $0 < 0 }
    case .lessOrEqual: try order(operation, left, right) { $0 <= 0 }
    case .greater: try order(operation, left, right) { $0 > 0 }
    case .greaterOrEqual: try order(operation, left, right) { $0 >= 0 }
    }
  }

  func areEqual(_ left: [JinjaValue], _ right: [JinjaValue]) throws -> Bool {
    guard left.count == right.count else { return false }
    for (left, right) in zip(left, right) where try !areEqual(left, right) { return false }
    return true
  }

  func areEqual(_ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
    try step()
    switch (left.unmarked, right.unmarked) {
    case (.undefined, .undefined), (.null, .null): return true
    case (.string(let left), .string(let right)):
      guard left.count == right.count else { return false }
      try step(left.count / 64)
      return left == right
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      return try areEqual(left.values, right.values)
    case (.dictionary(let left), .dictionary(let right)): return try areEqual(left, right)
    case (.range(let left), .range(let right)):
      return left.count == right.count
        && (left.count == 0 || left.start == right.start && (left.count == 1 || left.step == right.step))
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.loop(let left), .loop(let right)): return left === right
    case (.iterator(let left), .iterator(let right)): return left === right
    case (.macro(let left), .macro(let right)): return left === right
    case (.cycler(let left), .cycler(let right)): return left === right
    case (.joiner(let left), .joiner(let right)): return left === right
    case (.function(let left), .function(let right)): return left == right
    case (.view, .view), (.method, .method):
      throw JinjaFault.unsupported("a comparison of two values of type \(left.type)")
    default: return numbersAreOrdered(left, right).map { $0 == 0 } ?? false
    }
  }

  private func areEqual(_ left: JinjaDictionary, _ right: JinjaDictionary) throws -> Bool {
    guard left.entries.count == right.entries.count else { return false }
    for (key, value) in left.entries {
      guard let other = right[try JinjaKey(key)], try areEqual(value, other) else { return false }
    }
    return true
  }

  /// -1, 0 or 1 for two numbers, 2 when one of them is not a number, nil for other values.
  private func numbersAreOrdered(_ left: JinjaValue, _ right: JinjaValue) -> Int? {
    if let left = left.wholeNumber, let right = right.wholeNumber { return left < right ? -1 : left > right ? 1 : 0 }
    guard let leftNumber = left.number, let rightNumber = right.number else { return nil }
    if leftNumber < rightNumber { return -1 }
    if leftNumber > rightNumber { return 1 }
    return leftNumber == rightNumber ? 0 : 2
  }

  private func order(
    _ operation: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue, _ isWanted: (Int) -> Bool
  ) throws -> Bool {
    for case .undefined(let reason) in [left, right] { throw JinjaFault(reason, code: .invalidValue) }
    guard let order = try ordered(left, right) else {
      throw JinjaFault(
        "`\(operation.rawValue)` does not work on values of the types \(left.type) and \(right.type)",
        code: .invalidValue)
    }
    return order != 2 && isWanted(order)
  }

  /// Whether `left` comes before `right` in a sorted list.
  func isLess(_ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
    try order(.less, left, right) { $0 < 0 }
  }

  private func ordered(_ left: JinjaValue, _ right: JinjaValue) throws -> Int? {
    try step()
    switch (left.unmarked, right.unmarked) {
    case (.string(let left), .string(let right)):
      try step(min(left.count, right.count) / 64)
      // The order of UTF-8 is the order of the code points.
      if left == right { return 0 }
      return left.lexicographicallyPrecedes(right) ? -1 : 1
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      for (left, right) in zip(left.values, right.values) where try !areEqual(left, right) {
        return try ordered(left, right)
      }
      let (first, second) = (left.values.count, right.values.count)
      return first < second ? -1 : first > second ? 1 : 0
    default: return numbersAreOrdered(left, right)
    }
  }

  /// Python's `value in container`.
  func contains(_ container: JinjaValue, _ value: JinjaValue) throws -> Bool {
    switch container {
    case .undefined: return false
    case .string(let text):
      guard case .string(let part) = value else {
        throw JinjaFault("a value of type \(value.type) cannot be in a string", code: .invalidValue)
      }
      try step((text.count + part.count) / 16)
      return PythonText.find(part, in: text) != nil
    case .dictionary(let dictionary): return dictionary[try JinjaKey(value)] != nil
    case .view(let view) where view.kind == .keys: return view.dictionary[try JinjaKey(value)] != nil
    default: return try elements(container).contains { try areEqual($0, value) }
    }
  }
}
