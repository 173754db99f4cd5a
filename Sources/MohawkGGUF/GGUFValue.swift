/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable, Equatable {
  /// Whole numbers of the format's widths.
  case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), uint64(UInt64), int64(Int64)
  /// Numbers with a fraction.
  case float32(Float), float64(Double)
  /// A truth value.
  case bool(Bool)
  /// UTF-8 text.
  case string(String)
  /// Values of one type.
  case array([GGUFValue])
}
