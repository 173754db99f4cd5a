import MohawkTensor

/// The element type of a storage or a tensor in a PyTorch file, under PyTorch's name.
enum TorchElement: String, Sendable, CaseIterable {
  case float32, float64, bfloat16, float16
  case int64, int32, int16, int8, uint8, bool
  case uint16, uint32, uint64
  case complex32, complex64, complex128
  case float8E4M3FN = "float8_e4m3fn"
  case float8E5M2 = "float8_e5m2"
  case float8E4M3FNUZ = "float8_e4m3fnuz"
  case float8E5M2FNUZ = "float8_e5m2fnuz"
  case float8E8M0FNU = "float8_e8m0fnu"
  case float4E2M1FNx2 = "float4_e2m1fn_x2"
  case bits16, bits8, bits1x8, bits2x4, bits4x2
  case int1, int2, int3, int4, int5, int6, int7
  case uint1, uint2, uint3, uint4, uint5, uint6, uint7
  case qint8, qint32, quint8, quint4x2, quint2x4

  /// The type to compute with, if there is one.
  var dtype: DType? {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .bfloat16: .bfloat16
    case .float16: .float16
    case .int64: .int64
    case .int32: .int32
    case .int16: .int16
    case .int8: .int8
    case .uint8: .uint8
    case .bool: .bool
    default: nil
    }
  }

  /// The classes of storages by the types of their elements. Storages without a type count bytes.
  static let storages: [String: TorchElement] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "BFloat16Storage": .bfloat16, "HalfStorage": .float16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
    "ByteStorage": .uint8, "BoolStorage": .bool, "UntypedStorage": .uint8,
    "ComplexFloatStorage": .complex64, "ComplexDoubleStorage": .complex128,
    "QInt8Storage": .qint8, "QInt32Storage": .qint32, "QUInt8Storage": .quint8,
    "QUInt4x2Storage": .quint4x2, "QUInt2x4Storage": .quint2x4,
  ]
}
