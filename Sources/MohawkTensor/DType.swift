import CMohawkTorch

/// The type of a tensor's elements.
public enum DType: Int32, Sendable, CaseIterable {
  /// Numbers with a fraction.
  case float32, float64, bfloat16, float16
  /// Whole numbers and truth values.
  case int64, int32, int16, int8, uint8, bool

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether gradients can flow through tensors of this type.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    default: false
    }
  }

  /// The type of sums, decays and states that go with numbers of this one: fp64 with fp64, fp32 with all others.
  public var wide: DType { self == .float64 ? .float64 : .float32 }
}

/// A Swift number type with a tensor element type of the same layout.
public protocol TensorElement: Sendable, BitwiseCopyable {
  /// The tensor element type of the same layout.
  static var dtype: DType { get }
}
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension Int8: TensorElement { public static var dtype: DType { .int8 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }
