#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Arithmetic with Python's rules: integers stay integers, `//` rounds down, `%` has the sign of the divisor.
extension JinjaInterpreter {
  func signed(_ value: JinjaValue, isMinus: Bool) throws -> JinjaValue {
    if case .undefined(let reason) = value { throw JinjaFault(reason, code: .invalidValue) }
    if case .float(let number) = value { return .float(isMinus ? -number : number) }
    guard let whole = value.wholeNumber else {
      throw JinjaFault("a value of type \(value.type) has no sign", code: .invalidValue)
    }
    return .integer(isMinus ? try exact(0.subtractingReportingOverflow(whole)) : whole)
  }

  func arithmetic(_ operation: JinjaArithmetic, _ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
    if case .markup = left { return try marked(operation, left, right) }
    if case .markup = right { return try marked(operation, left, right) }
    if case .string(let bytes) = left, operation == .remainder { return try percentFormatted(bytes, right) }
    for case .undefined(let reason) in [left, right] { throw JinjaFault(reason, code: .invalidValue) }
    if let left = left.wholeNumber, let right = right.wholeNumber { return try whole(operation, left, right) }
    if let left = left.number, let right = right.number { return try floating(operation, left, right) }
    switch (operation, left, right) {
    case (.add, .string(let left), .string(let right)):
      try spend(left.count + right.count)
      return .string(left + right)
    case (.add, .list(let left), .list(let right)):
      try spend(values: left.values.count + right.values.count)
      return .list(try JinjaItems(left.values + right.values))
    case (.add, .tuple(let left), .tuple(let right)): return try tuple(left.values + right.values)
    case (.multiply, _, _):
      if let count = right.wholeNumber, let result = try repeated(left, count) { return result }
      if let count = left.wholeNumber, let result = try repeated(right, count) { return result }
    default: break
    }
    throw JinjaFault(
      "`\(operation.rawValue)` does not work on values of the types \(left.type) and \(right.type)", code: .invalidValue
    )
  }

  /// Text from `safe` and other text, which is escaped for HTML.
  private func marked(_ operation: JinjaArithmetic, _ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
    func escaped(_ value: JinjaValue) throws -> [UInt8] {
      switch value {
      case .markup(let bytes): return bytes
      case .string(let bytes): return PythonText.escaped(bytes)
      default: throw JinjaFault("text and a value of type \(value.type) cannot be added", code: .invalidValue)
      }
    }
    guard operation == .add else { throw JinjaFault.unsupported("`\(operation.rawValue)` on text from `safe`") }
    let text = try escaped(left) + escaped(right)
    try spend(text.count)
    return .markup(text)
  }

  private func repeated(_ value: JinjaValue, _ count: Int) throws -> JinjaValue? {
    let count = max(count, 0)
    func size(_ elements: Int) throws -> Int {
      let (size, overflows) = elements.multipliedReportingOverflow(by: count)
      return overflows ? Int.max : size
    }
    switch value {
    case .string(let bytes):
      try spend(try size(bytes.count))
      return .string(bytes.isEmpty ? [] : [[UInt8]](repeating: bytes, count: count).flatMap { $0 })
    case .list(let items), .tuple(let items):
      try spend(values: try size(items.values.count))
      let values = items.values.isEmpty ? [] : [[JinjaValue]](repeating: items.values, count: count).flatMap { $0 }
      if case .tuple = value { return .tuple(try JinjaItems(values)) }
      return .list(try JinjaItems(values))
    default: return nil
    }
  }

  private func exact(_ result: (partialValue: Int, overflow: Bool)) throws -> Int {
    if result.overflow { throw JinjaFault.unsupported("an integer of more than 64 bits") }
    return result.partialValue
  }

  private func whole(_ operation: JinjaArithmetic, _ left: Int, _ right: Int) throws -> JinjaValue {
    switch operation {
    case .add: return .integer(try exact(left.addingReportingOverflow(right)))
    case .subtract: return .integer(try exact(left.subtractingReportingOverflow(right)))
    case .multiply: return .integer(try exact(left.multipliedReportingOverflow(by: right)))
    case .divide: return try floating(.divide, Double(left), Double(right))
    case .floorDivide:
      try demandDivisor(right != 0)
      let quotient = try exact(left.dividedReportingOverflow(by: right))
      return .integer(left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient)
    case .remainder:
      try demandDivisor(right != 0)
      if right == -1 { return .integer(0) }
      let remainder = left % right
      return .integer(remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder)
    case .power: return try power(left, right)
    }
  }

  private func power(_ base: Int, _ exponent: Int) throws -> JinjaValue {
    if exponent < 0 { return try floating(.power, Double(base), Double(exponent)) }
    if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
    if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
    var result = 1
    for _ in 0..<min(exponent, 64) { result = try exact(result.multipliedReportingOverflow(by: base)) }
    return .integer(result)
  }

  private func demandDivisor(_ isGood: Bool) throws {
    if !isGood { throw JinjaFault("a division by zero", code: .invalidValue) }
  }

  private func floating(_ operation: JinjaArithmetic, _ left: Double, _ right: Double) throws -> JinjaValue {
    switch operation {
    case .add: return .float(left + right)
    case .subtract: return .float(left - right)
    case .multiply: return .float(left * right)
    case .divide:
      try demandDivisor(right != 0)
      return .float(left / right)
    case .floorDivide: return .float(try divided(left, right).quotient)
    case .remainder: return .float(try divided(left, right).remainder)
    case .power:
      if left == 0, right < 0 { try demandDivisor(false) }
      let result = pow(left, right)
      if (result.isNaN && !left.isNaN && !right.isNaN) || (result.isInfinite && left.isFinite && right.isFinite) {
        throw JinjaFault("a power that is no number", code: .invalidValue)
      }
      return .float(result)
    }
  }

  /// The quotient rounded down, and the remainder with the sign of the divisor.
  private func divided(_ left: Double, _ right: Double) throws -> (quotient: Double, remainder: Double) {
    try demandDivisor(right != 0)
    var remainder = fmod(left, right)
    var quotient = (left - remainder) / right
    if remainder == 0 {
      remainder = right < 0 ? -0.0 : 0
    } else if (right < 0) != (remainder < 0) {
      remainder += right
      quotient -= 1
    }
    if quotient == 0 { return ((left / right).sign == .minus ? -0.0 : 0, remainder) }
    let floored = quotient.rounded(.down)
    return (quotient - floored > 0.5 ? floored + 1 : floored, remainder)
  }
}
