/// The older types of 32 numbers in a block, as they are read. A byte holds number i below number i + 16.
///
/// Source of the layouts: ggml's reference.
extension Block32 {
  /// Q4_1: an F16 scale, an F16 minimum, 16 bytes of 4-bit integers.
  static func decode41(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 20
      let numbers = target + block &* 32
      let (scale, minimum) = (half(bytes), half(bytes + 2))
      for index in 0..<16 {
        let pair = bytes.load(fromByteOffset: 4 &+ index, as: UInt8.self)
        numbers[index] = scale * Float(pair & 15) + minimum
        numbers[index &+ 16] = scale * Float(pair >> 4) + minimum
      }
    }
  }

  /// Q5_0: an F16 scale, 32 fifth bits, 16 bytes of 4-bit integers.
  static func decode50(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 22
      let numbers = target + block &* 32
      let scale = half(bytes)
      for index in 0..<32 { numbers[index] = scale * Float(fiveBits(bytes + 2, index) &- 16) }
    }
  }

  /// Q5_1: an F16 scale, an F16 minimum, 32 fifth bits, 16 bytes of 4-bit integers.
  static func decode51(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 24
      let numbers = target + block &* 32
      let (scale, minimum) = (half(bytes), half(bytes + 2))
      for index in 0..<32 { numbers[index] = scale * Float(fiveBits(bytes + 4, index)) + minimum }
    }
  }

  private static func half(_ bytes: UnsafeRawPointer) -> Float {
    HalfPrecision.value(bytes.loadUnaligned(as: UInt16.self))
  }

  /// A number's fifth bit out of the first four bytes, above its other four behind them.
  @inline(__always)
  private static func fiveBits(_ bytes: UnsafeRawPointer, _ index: Int) -> Int32 {
    let fifth = bytes.load(fromByteOffset: index / 8, as: UInt8.self) >> UInt8(index % 8) & 1
    let pair = bytes.load(fromByteOffset: 4 &+ index % 16, as: UInt8.self)
    return Int32((index < 16 ? pair & 15 : pair >> 4) | fifth << 4)
  }
}
