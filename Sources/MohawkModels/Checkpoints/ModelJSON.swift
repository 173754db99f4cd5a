import Foundation
import MohawkFiles

/// A `config.json` with typed, named look-ups.
public struct ModelJSON {
  let path: String
  let object: [String: Any]
  /// The text, for the order of its keys.
  let text: String

  init(_ path: String) throws {
    let map = try MappedFile(path)
    guard map.count < 16 << 20 else {
      throw MohawkError(.invalidFormat, "a config.json of \(map.count) bytes is not one", at: path)
    }
    let data = map.withBytes { Data($0) }
    let strict = Self.withQuotedConstants(data)
    guard let object = try? JSONSerialization.jsonObject(with: strict) as? [String: Any] else {
      throw MohawkError(.invalidFormat, "this is not a JSON object", at: path, remedy: "check that the file is whole")
    }
    self.init(path: path, object: object, text: String(decoding: data, as: UTF8.self))
  }

  /// Python writes `Infinity` and `NaN` as they are, which is no JSON; here they become texts.
  private static func withQuotedConstants(_ data: Data) -> Data {
    let bytes = [UInt8](data)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 16)
    var (index, inText) = (0, false)
    while index < bytes.count {
      let byte = bytes[index]
      if inText, byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
        result += [byte, bytes[index + 1]]
        index += 2
        continue
      }
      if byte == UInt8(ascii: "\"") { inText.toggle() }
      if !inText, let word = ["-Infinity", "Infinity", "NaN"].first(where: { bytes[index...].starts(with: $0.utf8) }) {
        result += Array("\"\(word)\"".utf8)
        index += word.utf8.count
        continue
      }
      result.append(byte)
      index += 1
    }
    return Data(result)
  }

  init(path: String, object: [String: Any], text: String) {
    self.path = path
    self.object = object
    self.text = text
  }

  /// Whether the key has a value.
  func has(_ key: String) -> Bool { object[key].map { !($0 is NSNull) } ?? false }

  /// A whole number; without `range` a size that products of a few of them do not overflow.
  func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 1...1 << 24) throws -> Int {
    guard let value = object[key], !(value is NSNull) else {
      if let fallback { return fallback }
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    guard let number = value as? NSNumber, let exact = Int(exactly: number.doubleValue), range.contains(exact) else {
      throw MohawkError(.invalidValue, "'\(key)' is \(value), not a whole number in \(range)", at: path)
    }
    return exact
  }

  func number(_ key: String, default fallback: Double? = nil) throws -> Double {
    guard let value = object[key], !(value is NSNull) else {
      if let fallback { return fallback }
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    guard let number = value as? NSNumber, number.doubleValue.isFinite else {
      throw MohawkError(.invalidValue, "'\(key)' is \(value), not a number", at: path)
    }
    return number.doubleValue
  }

  func string(_ key: String, default fallback: String? = nil) throws -> String {
    guard let value = object[key], !(value is NSNull) else {
      if let fallback { return fallback }
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    guard let text = value as? String else {
      throw MohawkError(.invalidValue, "'\(key)' is \(value), not a text", at: path)
    }
    return text
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool {
    guard let value = object[key], !(value is NSNull) else { return fallback }
    guard let flag = value as? Bool else {
      throw MohawkError(.invalidValue, "'\(key)' is \(value), not true or false", at: path)
    }
    return flag
  }

  /// A text out of a fixed set.
  func choice<Choice: RawRepresentable>(_ key: String) throws -> Choice where Choice.RawValue == String {
    let name = try string(key)
    guard let choice = Choice(rawValue: name) else {
      throw MohawkError(.unsupported, "'\(key)' is '\(name)', which is not known", at: path)
    }
    return choice
  }

  /// A list of texts.
  func strings(_ key: String) throws -> [String] {
    guard let list = object[key] as? [String] else {
      throw MohawkError(.invalidValue, "'\(key)' is not a list of texts", at: path)
    }
    return list
  }

  /// A nested object, nil when there is none.
  func object(_ key: String) throws -> ModelJSON? {
    guard let value = object[key], !(value is NSNull) else { return nil }
    guard let inner = value as? [String: Any] else {
      throw MohawkError(.invalidValue, "'\(key)' is not an object", at: path)
    }
    return ModelJSON(path: "\(path): \(key)", object: inner, text: "")
  }

  func nested(_ key: String) throws -> ModelJSON {
    guard let inner = try object(key) else {
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    return inner
  }
}
