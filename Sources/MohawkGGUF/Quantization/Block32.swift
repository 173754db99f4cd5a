/// What the quantisers ask of numbers in blocks of 32.
///
/// Written for one number, without branches and calls, so that loops over them become loops over vectors.
enum Block32 {
  /// Stores blocks that begin with their scale as a half: finds each block's scale and hands over its numbers.
  /// - Parameters:
  ///   - blockBytes: bytes of a stored block.
  ///   - scale: of a block whose numbers have this largest magnitude.
  ///   - store: writes the integers of a block, given what to multiply its numbers with.
  @inline(__always)
  static func encode(
    _ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer, blockBytes: Int,
    scale: (_ largest: Float, _ numbers: UnsafeRawPointer) -> Float,
    store: (_ numbers: UnsafeRawPointer, _ bytes: UnsafeMutableRawPointer, _ inverse: Float) -> Void
  ) -> GGUFEncoding {
    for block in 0..<blocks {
      let numbers = source + block &* 128
      let bytes = target + block &* blockBytes
      let largest = largestMagnitude(numbers)
      guard largest.isFinite else { return .notFinite }
      let scale = scale(largest, numbers)
      let half = HalfPrecision.bits(scale)
      if half & 0x7FFF == 0x7C00 { return .outOfRange }
      bytes.storeBytes(of: half, as: UInt16.self)
      store(numbers, bytes, inverse(scale))
    }
    return .fine
  }

  /// The largest magnitude; infinite or not a number if any of them is.
  @inline(__always)
  static func largestMagnitude(_ numbers: UnsafeRawPointer) -> Float {
    // Of magnitudes, the integers of the bits are in the same order, and what is not a number comes last.
    var largest: Int32 = 0
    for index in 0..<32 {
      largest = max(largest, numbers.loadUnaligned(fromByteOffset: index &* 4, as: Int32.self) & 0x7FFF_FFFF)
    }
    return Float(bitPattern: UInt32(bitPattern: largest))
  }

  /// The first number of the largest magnitude, which is `largest`, with its sign.
  @inline(__always)
  static func firstLargest(_ largest: Float, _ numbers: UnsafeRawPointer) -> Float {
    var above: UInt32 = 0
    var below: UInt32 = 0
    for index in 0..<32 {
      let bits = numbers.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
      above |= bits == largest.bitPattern ? 1 : 0
      below |= bits == (-largest).bitPattern ? 1 : 0
    }
    if below == 0 { return largest }
    if above == 0 { return -largest }
    for index in 0..<32 {
      let number = numbers.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
      if number.magnitude == largest { return number }
    }
    return largest
  }

  /// What to multiply with instead of dividing by the scale; 0 for a scale so small that it becomes 0 in the file.
  @inline(__always)
  static func inverse(_ scale: Float) -> Float {
    let inverse = 1 / scale
    return inverse.isFinite ? inverse : 0
  }

  /// The nearest integer of a number below 2²², ties away from zero.
  @inline(__always)
  static func rounded(_ number: Float) -> Int32 {
    let magnitude = number.magnitude
    // Adding 2²³ rounds to the nearest integer, ties to even; a tie that went down is sent up again.
    let even = magnitude + 8_388_608 - 8_388_608
    let rounded = magnitude - even == 0.5 ? even + 1 : even
    let integer = Int32(bitPattern: (rounded + 8_388_608).bitPattern & 0x007F_FFFF)
    let sign = Int32(bitPattern: number.bitPattern) &>> 31
    return (integer ^ sign) &- sign
  }

  /// The integer below a number from 0 to 2²².
  @inline(__always)
  static func truncated(_ number: Float) -> UInt32 {
    let nearest = number + 8_388_608 - 8_388_608
    let below = nearest > number ? nearest - 1 : nearest
    return (below + 8_388_608).bitPattern & 0x007F_FFFF
  }
}
