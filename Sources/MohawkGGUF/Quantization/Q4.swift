/// Q4_0: blocks of 32 numbers, each a 4-bit integer from -8 to 7 times the block's scale, the number of the largest
/// magnitude over -8. A byte holds number i below number i + 16.
///
/// Rounded as ggml's reference does: 8.5 is added, then the fraction dropped.
enum Q4 {
  private static let blockBytes = 18

  static func encode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    Block32.encode(
      source, blocks, target, blockBytes: blockBytes, scale: { Block32.firstLargest($0, $1) / -8 }
    ) { numbers, bytes, inverse in
      for index in 0..<16 {
        let low = integer(numbers, index, inverse)
        let high = integer(numbers, index &+ 16, inverse)
        bytes.storeBytes(of: UInt8(truncatingIfNeeded: low | high &<< 4), toByteOffset: 2 &+ index, as: UInt8.self)
      }
    }
  }

  /// A number as an integer from 0 to 15.
  @inline(__always)
  private static func integer(_ numbers: UnsafeRawPointer, _ index: Int, _ inverse: Float) -> UInt32 {
    let number = numbers.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
    return min(Block32.truncated(number * inverse + 8.5), 15)
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
