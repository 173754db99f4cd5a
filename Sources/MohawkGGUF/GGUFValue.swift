/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable, Equatable {
  /// Whole numbers of the format's widths.
  case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), uint64(UInt64), int64(
    Int64)
  /// Numbers with a fraction.
  case float32(Float), float64(Double)
  /// A truth value.
  case bool(Bool)
  /// UTF-8 text.
  case string(String)
  /// Values of one type.
  case array(GGUFArray)
}

/// An array in a GGUF file's metadata: every element has the same type, which an empty array keeps too.
public enum GGUFArray: Sendable, Equatable {
  /// Whole numbers of the format's widths.
  case uint8([UInt8]), int8([Int8]), uint16([UInt16]), int16([Int16])
  /// Whole numbers of the format's widths.
  case uint32([UInt32]), int32([Int32]), uint64([UInt64]), int64([Int64])
  /// Numbers with a fraction.
  case float32([Float]), float64([Double])
  /// Truth values.
  case bool([Bool])
  /// Texts, such as the words of a vocabulary.
  case string([String])
  /// Arrays, each with a type of its own. Few readers accept them.
  case array([GGUFArray])

  /// The number of elements.
  public var count: Int {
    switch self {
    case .uint8(let elements): elements.count
    case .int8(let elements): elements.count
    case .uint16(let elements): elements.count
    case .int16(let elements): elements.count
    case .uint32(let elements): elements.count
    case .int32(let elements): elements.count
    case .uint64(let elements): elements.count
    case .int64(let elements): elements.count
    case .float32(let elements): elements.count
    case .float64(let elements): elements.count
    case .bool(let elements): elements.count
    case .string(let elements): elements.count
    case .array(let elements): elements.count
    }
  }
}

/// The numbers by which the format names the types of metadata.
enum GGUFValueType: UInt32 {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of one value, or nil where that depends on the value.
  var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// Bytes that one value takes at least.
  var leastByteCount: Int { byteCount ?? (self == .string ? 8 : 12) }
}

extension GGUFValue {
  var type: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .uint64: .uint64
    case .int64: .int64
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    case .string: .string
    case .array: .array
    }
  }
}

extension GGUFArray {
  var elementType: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .uint64: .uint64
    case .int64: .int64
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    case .string: .string
    case .array: .array
    }
  }
}
