/// What the quantisers ask of a block of 32 numbers, on whole vectors and without branches.
enum Block32 {
  /// The largest magnitude; infinite or not a number if any of them is.
  @inline(__always)
  static func largestMagnitude(_ numbers: UnsafeRawPointer) -> Float {
    // Of magnitudes, the integers of the bits are in the same order, and what is not a number comes last.
    var largest = numbers.loadUnaligned(as: SIMD8<Int32>.self) & 0x7FFF_FFFF
    for part in 1..<4 {
      let bits = numbers.loadUnaligned(fromByteOffset: part &* 32, as: SIMD8<Int32>.self) & 0x7FFF_FFFF
      largest.replace(with: bits, where: bits .> largest)
    }
    return Float(bitPattern: UInt32(bitPattern: largest.max()))
  }

  /// The first number of this magnitude, with its sign.
  @inline(__always)
  static func first(ofMagnitude magnitude: Float, _ numbers: UnsafeRawPointer) -> Float {
    for index in 0..<32 {
      let number = numbers.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
      if number.magnitude == magnitude { return number }
    }
    return magnitude
  }

  /// What to multiply with instead of dividing by the scale; 0 for a scale so small that it becomes 0 in the file.
  @inline(__always)
  static func inverse(_ scale: Float) -> Float {
    let inverse = 1 / scale
    return inverse.isFinite ? inverse : 0
  }

  /// The nearest integers of numbers below 2²², ties away from zero.
  @inline(__always)
  static func rounded(_ numbers: SIMD8<Float>) -> SIMD8<Int32> {
    let bits = unsafeBitCast(numbers, to: SIMD8<Int32>.self)
    let magnitude = unsafeBitCast(bits & 0x7FFF_FFFF, to: SIMD8<Float>.self)
    // Adding 2²³ rounds to the nearest integer, ties to even; the ties that went down are sent up again.
    let even = magnitude + 8_388_608 - 8_388_608
    let rounded = even.replacing(with: even + 1, where: (magnitude - even) .== 0.5)
    let integers = unsafeBitCast(rounded + 8_388_608, to: SIMD8<Int32>.self) & 0x007F_FFFF
    let sign = bits &>> 31
    return (integers ^ sign) &- sign
  }

  /// The integers below numbers from 0 to 2²².
  @inline(__always)
  static func truncated(_ numbers: SIMD8<Float>) -> SIMD8<Int32> {
    let nearest = numbers + 8_388_608 - 8_388_608
    let below = nearest.replacing(with: nearest - 1, where: nearest .> numbers)
    return unsafeBitCast(below + 8_388_608, to: SIMD8<Int32>.self) & 0x007F_FFFF
  }
}
