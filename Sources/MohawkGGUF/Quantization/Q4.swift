/// Q4_0: blocks of 32 numbers, each a 4-bit integer from -8 to 7 times the block's scale, the number of the largest
/// magnitude over -8. A byte holds number i below number i + 16.
///
/// Rounded as ggml's reference does: 8.5 is added, then the fraction dropped.
enum Q4 {
  private static let blockBytes = 18

  static func encode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    for block in 0..<blocks {
      let numbers = source + block &* 128
      let bytes = target + block &* blockBytes
      let largest = Block32.largestMagnitude(numbers)
      guard largest.isFinite else { return .notFinite }
      let scale = Block32.first(ofMagnitude: largest, numbers) / -8
      let half = HalfPrecision.bits(scale)
      if half & 0x7FFF == 0x7C00 { return .outOfRange }
      bytes.storeBytes(of: half, as: UInt16.self)
      let inverse = Block32.inverse(scale)
      for part in 0..<2 {
        let low = quarter(numbers, part &* 32, inverse)
        let high = quarter(numbers, part &* 32 &+ 64, inverse)
        bytes.storeBytes(
          of: SIMD8<UInt8>(truncatingIfNeeded: low | high &<< 4), toByteOffset: 2 &+ part &* 8, as: SIMD8<UInt8>.self)
      }
    }
    return .fine
  }

  /// Eight numbers as integers from 0 to 15.
  @inline(__always)
  private static func quarter(_ numbers: UnsafeRawPointer, _ offset: Int, _ inverse: Float) -> SIMD8<Int32> {
    let scaled = numbers.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self) * inverse + 8.5
    var integers = Block32.truncated(scaled)
    integers.replace(with: 15, where: integers .> 15)
    return integers
  }

  static func decode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* blockBytes
      let numbers = target + block &* 32
      let scale = HalfPrecision.value(bytes.loadUnaligned(as: UInt16.self))
      for index in 0..<16 {
        let pair = bytes.load(fromByteOffset: 2 &+ index, as: UInt8.self)
        numbers[index] = scale * Float(Int32(pair & 15) &- 8)
        numbers[index &+ 16] = scale * Float(Int32(pair >> 4) &- 8)
      }
    }
  }
}
