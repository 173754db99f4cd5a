/// Q5_0: blocks of 32 numbers, each a 5-bit integer from -16 to 15 times the block's scale, the number of the largest
/// magnitude over -16. The fifth bits come first; a byte holds four bits of number i below those of number i + 16.
///
/// Rounded as ggml's reference does: 16.5 is added, then the fraction dropped.
enum Q5 {
  private static let blockBytes = 22

  static func encode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    Block32.encode(
      source, blocks, target, blockBytes: blockBytes, scale: { Block32.firstLargest($0, $1) / -16 }
    ) { numbers, bytes, inverse in
      var fifths: UInt32 = 0
      for index in 0..<16 {
        let low = integer(numbers, index, inverse)
        let high = integer(numbers, index &+ 16, inverse)
        fifths |= (low &>> 4) &<< UInt32(index) | (high &>> 4) &<< UInt32(index &+ 16)
        let pair = UInt8(truncatingIfNeeded: low & 15 | (high & 15) &<< 4)
        bytes.storeBytes(of: pair, toByteOffset: 6 &+ index, as: UInt8.self)
      }
      bytes.storeBytes(of: fifths.littleEndian, toByteOffset: 2, as: UInt32.self)
    }
  }

  /// A number as an integer from 0 to 31.
  @inline(__always)
  private static func integer(_ numbers: UnsafeRawPointer, _ index: Int, _ inverse: Float) -> UInt32 {
    let number = numbers.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
    return min(Block32.truncated(number * inverse + 16.5), 31)
  }
}
