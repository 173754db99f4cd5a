import MohawkText

extension JSONValue {
  /// A whole number.
  static func whole(_ value: Int) -> JSONValue { .number(Array(String(value).utf8)) }

  /// A number; what is not finite becomes the nearest number that everybody takes for "impossible".
  static func real(_ value: Float) -> JSONValue {
    .number(Array("\(value.isFinite ? value : value > 0 ? 9999 : -9999)".utf8))
  }

  /// A number.
  static func real(_ value: Double) -> JSONValue { .number(Array("\(value.isFinite ? value : 0)".utf8)) }

  /// An object of these members.
  static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { (key: Array($0.key.utf8), value: $0.value) })
  }

  /// The same object with more members at its end.
  func adding(_ more: KeyValuePairs<String, JSONValue>) -> JSONValue {
    guard case .object(let members) = self, case .object(let added) = JSONValue.members(more) else { return self }
    return .object(members + added)
  }

  /// The text, without white space.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    write(to: &result)
    return result
  }

  private func write(to result: inout [UInt8]) {
    switch self {
    case .null: result.append(contentsOf: "null".utf8)
    case .bool(let value): result.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let digits): result.append(contentsOf: digits)
    case .string(let text): JSONText.append(text, to: &result)
    case .array(let values):
      result.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        value.write(to: &result)
      }
      result.append(UInt8(ascii: "]"))
    case .object(let members):
      result.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        JSONText.append(member.key, to: &result)
        result.append(UInt8(ascii: ":"))
        member.value.write(to: &result)
      }
      result.append(UInt8(ascii: "}"))
    }
  }
}
