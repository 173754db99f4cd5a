extension JinjaValue {
  /// The value of Python that `json` stands for.
  /// - Throws: when a number is too large, or values are nested too deep.
  init(_ json: JSONValue, level: Int = 0) throws {
    if level > JSONReader.deepest { throw JinjaFault.tooMuch("JSON is nested more than \(JSONReader.deepest) deep") }
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let bytes): self = try Self.number(String(decoding: bytes, as: UTF8.self))
    case .string(let bytes): self = .string(Self.valid(bytes))
    case .array(let values):
      self = .list(try JinjaItems(try values.map { try JinjaValue($0, level: level + 1) }))
    case .object(let members):
      self = .dictionary(
        try JinjaDictionary(
          try members.map { (key: .string(Self.valid($0.key)), value: try JinjaValue($0.value, level: level + 1)) }))
    }
  }

  private static func number(_ text: String) throws -> JinjaValue {
    if text.contains(where: { ".eE".contains($0) }) {
      guard let value = Double(text) else { throw JinjaFault("\(text.prefix(40)) is no number") }
      return .float(value)
    }
    guard let value = Int(text) else { throw JinjaFault.unsupported("the integer \(text.prefix(40))") }
    return .integer(value)
  }

  /// The bytes with what is not UTF-8 replaced.
  private static func valid(_ bytes: [UInt8]) -> [UInt8] {
    PythonText.isASCII(bytes) ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
  }
}
