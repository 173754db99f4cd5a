/// IEEE half precision, by integer arithmetic on whole vectors: exact, and not dependent on what the processor has.
enum HalfPrecision {
  /// The nearest half precision number, ties to even; infinite from 65520 on.
  static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude >= 0x4780_0000 {  // 65536, infinite or not a number
      return sign | (magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00)
    }
    if magnitude < 0x3880_0000 {  // below the smallest normal half: the addition rounds at the right bit
      let rounded = Float(bitPattern: magnitude) + Float(bitPattern: smallestStep)
      return sign | UInt16(truncatingIfNeeded: rounded.bitPattern &- smallestStep)
    }
    let rounded = magnitude &+ 0xC800_0FFF &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
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
    var overflowed = SIMD8<UInt32>.zero
    let vectors = count / 8
    for index in 0..<vectors {
      let bits = source.loadUnaligned(fromByteOffset: index &* 32, as: SIMD8<UInt32>.self)
      let magnitude = bits & 0x7FFF_FFFF
      let small =
        unsafeBitCast(
          unsafeBitCast(magnitude, to: SIMD8<Float>.self) + SIMD8(repeating: Float(bitPattern: smallestStep)),
          to: SIMD8<UInt32>.self) &- smallestStep
      var half = (magnitude &+ 0xC800_0FFF &+ (magnitude &>> 13 & 1)) &>> 13
      half.replace(with: small, where: magnitude .< 0x3880_0000)
      half.replace(with: 0x7C00, where: magnitude .>= 0x4780_0000)
      half.replace(with: 0x7E00, where: magnitude .> 0x7F80_0000)
      overflowed.replace(with: 1, where: (magnitude .>= 0x477F_F000) .& (magnitude .< 0x7F80_0000))
      half |= (bits &>> 16) & 0x8000
      target.storeBytes(
        of: SIMD8<UInt16>(truncatingIfNeeded: half), toByteOffset: index &* 16, as: SIMD8<UInt16>.self)
    }
    for index in vectors &* 8..<count {
      let value = source.loadUnaligned(fromByteOffset: index &* 4, as: Float.self)
      target.storeBytes(of: bits(value), toByteOffset: index &* 2, as: UInt16.self)
      if value.isFinite, value.magnitude >= 65520 { overflowed[0] = 1 }
    }
    return overflowed == .zero ? .fine : .outOfRange
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
    let vectors = count / 8
    for index in 0..<vectors {
      let bits = source.loadUnaligned(fromByteOffset: index &* 32, as: SIMD8<UInt32>.self)
      var rounded = bits &+ 0x7FFF &+ (bits &>> 16 & 1)
      // What is not a number stays that, whatever its lower half: it becomes a quiet one.
      rounded.replace(with: bits | 0x0040_0000, where: (bits & 0x7FFF_FFFF) .> 0x7F80_0000)
      target.storeBytes(
        of: SIMD8<UInt16>(truncatingIfNeeded: rounded &>> 16), toByteOffset: index &* 16, as: SIMD8<UInt16>.self)
    }
    for index in vectors &* 8..<count {
      let bits = source.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
      let isNumber = bits & 0x7FFF_FFFF <= 0x7F80_0000
      let rounded = isNumber ? bits &+ 0x7FFF &+ (bits >> 16 & 1) : bits | 0x0040_0000
      target.storeBytes(of: UInt16(truncatingIfNeeded: rounded >> 16), toByteOffset: index &* 2, as: UInt16.self)
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
