import MohawkText

/// The members of a request's body, each read with its rule. Fields that nobody reads are accepted.
struct RequestFields {
  let json: JSONValue

  /// - Throws: `APIError` when the body is not a JSON object in UTF-8.
  init(body: [UInt8]) throws(APIError) {
    guard let text = String(validating: body, as: UTF8.self) else {
      throw APIError(400, "the body is not valid UTF-8")
    }
    do {
      try self.init(JSONValue(json: text, location: "body"))
    } catch let error as APIError {
      throw error
    } catch {
      throw APIError(400, "the body is not valid JSON: \(error)")
    }
  }

  init(_ json: JSONValue) throws(APIError) {
    guard case .object = json else { throw APIError(400, "the body must be a JSON object, not \(json.summary)") }
    self.json = json
  }

  /// A member; nil when it is missing or null.
  subscript(name: String) -> JSONValue? { json[name].flatMap { $0.isNull ? nil : $0 } }

  func bool(_ name: String, default fallback: Bool) throws(APIError) -> Bool {
    guard let value = self[name] else { return fallback }
    guard let bool = value.bool else {
      throw .invalid(name, "must be true or false, not \(value.summary)")
    }
    return bool
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    // Digits are read as they are, since not every whole number is a Double; 3.0 and 1e3 are whole numbers too.
    guard let integer = value.integer ?? value.number.flatMap({ Int(exactly: $0) }), range.contains(integer) else {
      throw .invalid(
        name, "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(value.summary)")
    }
    return integer
  }

  func number(_ name: String, in range: ClosedRange<Double>, default fallback: Double) throws(APIError) -> Double {
    guard let value = self[name] else { return fallback }
    guard let number = value.number, range.contains(number) else {
      throw .invalid(
        name, "must be a number from \(range.lowerBound) to \(range.upperBound), not \(value.summary)")
    }
    return number
  }

  func text(_ name: String) throws(APIError) -> String? {
    guard let value = self[name] else { return nil }
    guard let text = value.text else { throw .invalid(name, "must be a string, not \(value.summary)") }
    return text
  }

  /// A string or a list of strings.
  func texts(_ name: String, atMost count: Int) throws(APIError) -> [String] {
    guard let value = self[name] else { return [] }
    if let text = value.text { return [text] }
    guard case .array(let values) = value else {
      throw .invalid(name, "must be a string or a list of strings, not \(value.summary)")
    }
    guard values.count <= count else {
      throw .invalid(name, "has \(values.count) entries, at most \(count) are allowed")
    }
    var texts: [String] = []
    for value in values where !value.isNull {
      guard let text = value.text else { throw .invalid(name, "must hold strings only, not \(value.summary)") }
      texts.append(text)
    }
    return texts
  }

  /// A list of token ids below `rows`.
  func ids(_ name: String, below rows: Int, atMost count: Int) throws(APIError) -> [Int32]? {
    guard let value = self[name] else { return nil }
    return try Self.ids(value, name, below: rows, atMost: count)
  }

  static func ids(_ value: JSONValue, _ name: String, below rows: Int, atMost count: Int) throws(APIError) -> [Int32] {
    guard case .array(let values) = value else {
      throw .invalid(name, "must be a list of token ids, not \(value.summary)")
    }
    guard values.count <= count else {
      throw APIError(
        400, "'\(name)' has \(values.count) tokens, at most \(count) are allowed", parameter: name,
        code: "context_length_exceeded")
    }
    var ids: [Int32] = []
    ids.reserveCapacity(values.count)
    for value in values {
      guard let id = value.integer, id >= 0, id < rows else {
        throw .invalid(name, "holds \(value.summary), which is not a token id from 0 to \(rows - 1)")
      }
      ids.append(Int32(id))
    }
    return ids
  }
}
