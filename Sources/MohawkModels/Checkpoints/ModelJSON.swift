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
    self = try map.withBytes { try ModelJSON($0, path: path) }
  }

  /// More than any `config.json` has; what it becomes in memory is some times as much.
  private static let largest = 1 << 20

  /// Reads a text; `path` is what errors name. Of keys that stand twice the last one counts, as in Python.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard bytes.count <= Self.largest else {
      throw MohawkError(
        .invalidFormat, "a config.json of \(bytes.count) bytes is not one", at: path,
        remedy: "check that this is the file that came with the weights")
    }
    // The parser refuses what is nested deeper than 512.
    guard let object = try? JSONSerialization.jsonObject(with: Self.withQuotedConstants(bytes)) as? [String: Any] else {
      throw MohawkError(.invalidFormat, "this is not a JSON object", at: path, remedy: "check that the file is whole")
    }
    self.init(path: path, object: object, text: String(decoding: bytes, as: UTF8.self))
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
    guard let number = Self.number(value), let exact = Int(exactly: number), range.contains(exact) else {
      throw MohawkError(.invalidValue, "'\(key)' is \(Self.short(value)), not a whole number in \(range)", at: path)
    }
    return exact
  }

  /// A size that follows from others, within the same bounds; `name` is for the error.
  func size(_ value: Int, _ name: String) throws -> Int {
    guard value <= 1 << 24 else {
      throw MohawkError(.invalidValue, "\(name) would be \(value), which is too large", at: path)
    }
    return value
  }

  func number(_ key: String, default fallback: Double? = nil) throws -> Double {
    guard let value = object[key], !(value is NSNull) else {
      if let fallback { return fallback }
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    guard let number = Self.number(value), number.isFinite else {
      throw MohawkError(.invalidValue, "'\(key)' is \(Self.short(value)), not a number", at: path)
    }
    return number
  }

  /// A number that is not `true` or `false`, which are numbers to Foundation.
  private static func number(_ value: Any) -> Double? {
    guard let number = value as? NSNumber, number.objCType.pointee != CChar(UInt8(ascii: "c")) else { return nil }
    return number.doubleValue
  }

  func string(_ key: String, default fallback: String? = nil) throws -> String {
    guard let value = object[key], !(value is NSNull) else {
      if let fallback { return fallback }
      throw MohawkError(.invalidFormat, "the key '\(key)' is missing", at: path)
    }
    // No name that means something here is long, and errors repeat it.
    guard let text = value as? String, text.utf8.count <= 200 else {
      throw MohawkError(.invalidValue, "'\(key)' is \(Self.short(value)), not a name", at: path)
    }
    return text
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool {
    guard let value = object[key], !(value is NSNull) else { return fallback }
    guard let flag = value as? Bool else {
      throw MohawkError(.invalidValue, "'\(key)' is \(Self.short(value)), not true or false", at: path)
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
    guard let list = object[key] as? [String], list.allSatisfy({ $0.utf8.count <= 200 }) else {
      throw MohawkError(.invalidValue, "'\(key)' is not a list of names", at: path)
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

  /// The same without some keys.
  func without(_ keys: String...) -> ModelJSON {
    ModelJSON(path: path, object: object.filter { !keys.contains($0.key) }, text: text)
  }
}
