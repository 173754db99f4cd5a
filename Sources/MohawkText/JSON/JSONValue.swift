import MohawkFiles

/// A JSON value whose strings are UTF-8 bytes, so that text which only looks equal stays different.
public indirect enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number as it was written.
  case number([UInt8])
  /// A string, unescaped.
  case string([UInt8])
  /// An array.
  case array([JSONValue])
  /// Members in file order; a repeated key is kept.
  case object([(key: [UInt8], value: JSONValue)])

  /// A string.
  public init(_ text: String) { self = .string(Array(text.utf8)) }

  /// Reads JSON.
  /// - Parameters:
  ///   - json: the text.
  ///   - location: what an error calls it.
  ///   - isLenient: whether `NaN`, infinities and halves of surrogate pairs are read, as Python does; a string with such a
  ///     half is no UTF-8.
  /// - Throws: `MohawkError` with the place, when `json` is not one JSON value.
  public init(json: String, location: String = "JSON", isLenient: Bool = false) throws {
    do {
      self = try Array(json.utf8).withUnsafeBufferPointer { try JSONReader.document($0, isLenient: isLenient) }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
    }
  }

  /// The member named `key` of an object; the last one when it is repeated.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    let bytes = Array(key.utf8)
    return members.last { $0.key == bytes }?.value
  }

  /// The text of a string.
  package var text: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// The value of a whole number.
  package var integer: Int? {
    if case .number(let bytes) = self { Int(String(decoding: bytes, as: UTF8.self)) } else { nil }
  }

  /// The value of a number.
  package var number: Double? {
    if case .number(let bytes) = self { Double(String(decoding: bytes, as: UTF8.self)) } else { nil }
  }

  /// The value of `true` or `false`.
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// Whether it is `null`.
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// What this is, for an error message: short values in full, long ones by kind.
  package var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let bytes): String(decoding: bytes.prefix(30), as: UTF8.self)
    case .string(let bytes): "\"\(String(decoding: bytes.prefix(60), as: UTF8.self))\""
    case .array(let values): "an array of \(values.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}
