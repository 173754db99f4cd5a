/// IEEE half precision, by integer arithmetic: exact, and not dependent on what the processor has.
enum HalfPrecision {
  /// The nearest half precision number, ties to even; infinite from 65520 on.
  ///
  /// Every case is computed and one chosen, so that a loop over numbers becomes one over vectors.
  @inline(__always)
  static func bits(_ value: Float) -> UInt16 {
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    // Below the smallest normal half, the addition rounds at the right bit.
    let small = (Float(bitPattern: magnitude) + Float(bitPattern: smallestStep)).bitPattern &- smallestStep
    let normal = (magnitude &+ 0xC800_0FFF &+ (magnitude &>> 13 & 1)) &>> 13
    let large: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
    let half = magnitude < 0x3880_0000 ? small : (magnitude < 0x4780_0000 ? normal : large)
    return UInt16(truncatingIfNeeded: half | (value.bitPattern &>> 16 & 0x8000))
  }

  /// The number that half precision `bits` are.
  static func value(_ bits: UInt16) -> Float {
    let shifted = UInt32(bits & 0x7FFF) << 13
    let exponent = shifted & 0x0F80_0000
    var magnitude = shifted &+ 0x3800_0000
    if exponent == 0x0F80_0000 {
      magnitude &+= 0x3800_0000
    } else if exponent == 0 {
      magnitude = (Float(bitPattern: magnitude &+ 0x0080_0000) - Float(bitPattern: 0x3880_0000)).bitPattern
    }
    return Float(bitPattern: magnitude | UInt32(bits & 0x8000) << 16)
  }

  /// 0.5: a half's smallest step, 2⁻²⁴, is its last bit.
  private static let smallestStep: UInt32 = 0x3F00_0000

  static func encode(_ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    var overflows: UInt32 = 0
    for index in 0..<count {
      let value = source.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
      target.storeBytes(of: bits(value), toByteOffset: index &* 2, as: UInt16.self)
      // From 65520 to the last finite number.
      overflows |= (value.bitPattern & 0x7FFF_FFFF) &- 0x477F_F000 < 0x3800_1000 ? 1 : 0
    }
    return overflows == 0 ? .fine : .outOfRange
  }

  static func decode(_ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>) {
    for index in 0..<count {
      target[index] = value(source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self))
    }
  }
}

/// The upper half of single precision.
enum BrainFloat {
  static func encode(_ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
      let rounded = bits &+ 0x7FFF &+ (bits &>> 16 & 1)
      // What is not a number stays that, whatever its lower half: it becomes a quiet one.
      let chosen = bits & 0x7FFF_FFFF > 0x7F80_0000 ? bits | 0x0040_0000 : rounded
      target.storeBytes(of: UInt16(truncatingIfNeeded: chosen &>> 16), toByteOffset: index &* 2, as: UInt16.self)
    }
    return .fine
  }

  static func decode(_ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>) {
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
      target[index] = Float(bitPattern: UInt32(bits) << 16)
    }
  }
}
