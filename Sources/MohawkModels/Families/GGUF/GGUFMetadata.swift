import MohawkFiles
import MohawkGGUF

/// The keys of a file's architecture, with typed look-ups; `key` is always the part behind the architecture's name.
struct GGUFMetadata {
  let file: GGUFFile
  let family: GGUFFamily

  init(_ file: GGUFFile) throws {
    self.file = file
    family = try GGUFFamily(file)
    try refuseOtherMathematics()
  }

  var path: String { file.path }

  func name(_ key: String) -> String { "\(family.rawValue).\(key)" }

  func value(_ key: String) throws -> GGUFValue? { try file.value(name(key)) }

  func failure(_ code: MohawkError.Code, _ message: String, remedy: String? = nil) -> MohawkError {
    MohawkError(code, message, at: path, remedy: remedy)
  }

  private func missing(_ key: String) -> MohawkError {
    failure(.invalidFormat, "the key \(name(key)) is missing", remedy: "convert the model to GGUF anew")
  }

  private func isNot(_ key: String, _ what: String) -> MohawkError {
    failure(.invalidValue, "the key \(name(key)) is not \(what)", remedy: "convert the model to GGUF anew")
  }

  /// A whole number; without `range` a size that products of a few of them do not overflow.
  func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 1...1 << 24) throws -> Int {
    guard let value = try value(key) else {
      if let fallback { return fallback }
      throw missing(key)
    }
    guard let number = value.integer, range.contains(number) else {
      throw isNot(key, "a whole number in \(range)")
    }
    return number
  }

  /// A number: the shortest decimal of the single-precision one that the file holds, which is what was converted.
  func number(_ key: String, default fallback: Double? = nil) throws -> Double {
    guard let value = try value(key) else {
      if let fallback { return fallback }
      throw missing(key)
    }
    let number: Double? =
      switch value {
      case .float32(let single): Double("\(single)")
      case .float64(let double): double
      default: value.integer.map(Double.init)
      }
    guard let number, number.isFinite else { throw isNot(key, "a number") }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool {
    switch try value(key) {
    case nil: return fallback
    case .bool(let truth): return truth
    default: throw isNot(key, "a truth value")
    }
  }

  func string(_ key: String) throws -> String? {
    switch try value(key) {
    case nil: return nil
    case .string(let text): return text
    default: throw isNot(key, "a text")
    }
  }

  /// One number for each of `count` layers, of a key that holds one for all or an array; nil when there is no such key.
  func perLayer(_ key: String, _ count: Int) throws -> [Int]? {
    guard let value = try value(key) else { return nil }
    let numbers: [Int]? =
      if case .array(let array) = value { array.integers } else {
        value.integer.map { Array(repeating: $0, count: count) }
      }
    guard let numbers, numbers.count >= count, numbers.allSatisfy((0...1 << 24).contains) else {
      throw isNot(key, "a whole number, or one for each of \(count) layers")
    }
    return Array(numbers.prefix(count))
  }

  /// The same number for all layers.
  func uniform(_ key: String, _ count: Int) throws -> Int? {
    guard let numbers = try perLayer(key, count) else { return nil }
    guard let first = numbers.first, numbers.allSatisfy({ $0 == first }) else {
      throw failure(.unsupported, "the key \(name(key)) differs between layers, which is not supported")
    }
    guard first > 0 else { throw isNot(key, "above 0") }
    return first
  }
}
