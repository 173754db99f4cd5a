import MohawkFiles

extension GGUFFile {
  /// The text of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else.
  public func string(_ key: String) throws -> String? {
    switch try value(key) {
    case nil: nil
    case .string(let text): text
    default: throw wrongType(key, "a text")
    }
  }

  /// The whole number of a key, whatever its width, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else or does not fit.
  public func integer(_ key: String) throws -> Int? {
    guard let value = try value(key) else { return nil }
    guard let number = value.integer else { throw wrongType(key, "a whole number") }
    return number
  }

  /// The number of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else.
  public func double(_ key: String) throws -> Double? {
    guard let value = try value(key) else { return nil }
    switch value {
    case .float32(let number): return Double(number)
    case .float64(let number): return number
    default:
      guard let number = value.integer else { throw wrongType(key, "a number") }
      return Double(number)
    }
  }

  /// The truth value of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else.
  public func bool(_ key: String) throws -> Bool? {
    switch try value(key) {
    case nil: nil
    case .bool(let truth): truth
    default: throw wrongType(key, "a truth value")
    }
  }

  /// The texts of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else.
  public func strings(_ key: String) throws -> [String]? {
    switch try value(key) {
    case nil: nil
    case .array(.string(let texts)): texts
    default: throw wrongType(key, "an array of texts")
    }
  }

  /// The whole numbers of a key, whatever their width, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else or does not fit.
  public func integers(_ key: String) throws -> [Int]? {
    guard let value = try value(key) else { return nil }
    guard case .array(let array) = value, let numbers = array.integers else {
      throw wrongType(key, "an array of whole numbers")
    }
    return numbers
  }

  /// The single-precision numbers of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when its value is something else.
  public func floats(_ key: String) throws -> [Float]? {
    switch try value(key) {
    case nil: nil
    case .array(.float32(let numbers)): numbers
    default: throw wrongType(key, "an array of single-precision numbers")
    }
  }

  private func wrongType(_ key: String, _ wanted: String) -> MohawkError {
    MohawkError(.mismatch, "the key \(key) is not \(wanted)", at: path)
  }
}

extension GGUFValue {
  /// The whole number that this value is, if it is one and fits.
  public var integer: Int? {
    switch self {
    case .uint8(let number): Int(number)
    case .int8(let number): Int(number)
    case .uint16(let number): Int(number)
    case .int16(let number): Int(number)
    case .uint32(let number): Int(number)
    case .int32(let number): Int(number)
    case .uint64(let number): Int(exactly: number)
    case .int64(let number): Int(exactly: number)
    default: nil
    }
  }
}

extension GGUFArray {
  /// The whole numbers that this array holds, if it holds such and they fit.
  public var integers: [Int]? {
    switch self {
    case .uint8(let numbers): return numbers.map(Int.init)
    case .int8(let numbers): return numbers.map(Int.init)
    case .uint16(let numbers): return numbers.map(Int.init)
    case .int16(let numbers): return numbers.map(Int.init)
    case .uint32(let numbers): return numbers.map(Int.init)
    case .int32(let numbers): return numbers.map(Int.init)
    case .int64(let numbers): return numbers.map(Int.init)
    case .uint64(let numbers):
      let fitting = numbers.compactMap { Int(exactly: $0) }
      return fitting.count == numbers.count ? fitting : nil
    default: return nil
    }
  }
}
