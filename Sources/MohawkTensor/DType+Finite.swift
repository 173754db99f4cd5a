extension DType {
  /// Whether numbers of this type, one behind the other, are neither NaN nor infinite: whether some bit of each exponent is
  /// zero.
  func areFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .float32: Self.areFinite(bytes, exponent: 0x7F80_0000 as UInt32)
    case .float64: Self.areFinite(bytes, exponent: 0x7FF0_0000_0000_0000 as UInt64)
    case .bfloat16: Self.areFinite(bytes, exponent: 0x7F80 as UInt16)
    case .float16: Self.areFinite(bytes, exponent: 0x7C00 as UInt16)
    case .int64, .int32, .int16, .int8, .uint8, .bool: true
    }
  }

  private static func areFinite<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, exponent: Bits
  ) -> Bool {
    stride(from: 0, to: bytes.count, by: MemoryLayout<Bits>.size).allSatisfy {
      bytes.loadUnaligned(fromByteOffset: $0, as: Bits.self) & exponent != exponent
    }
  }
}
