/// The K types: blocks of 256 numbers in parts, each part with a small scale of its own under the block's scale.
///
/// Source of the layouts: ggml's reference.
enum KQuants {
  /// Q4_K: two F16 scales, eight 6-bit scales and minima in 12 bytes, 128 bytes of 4-bit integers.
  static func decode4(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 144
      let parts = Parts(bytes)
      for part in 0..<8 {
        let (scale, minimum) = parts[part]
        let numbers = target + (block &* 256 &+ part &* 32)
        for index in 0..<32 {
          let pair = bytes.load(fromByteOffset: 16 &+ part / 2 &* 32 &+ index, as: UInt8.self)
          numbers[index] = scale * Float(part % 2 == 0 ? pair & 15 : pair >> 4) - minimum
        }
      }
    }
  }

  /// Q5_K: as Q4_K, with 32 bytes of fifth bits in front of the 4-bit integers.
  static func decode5(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 176
      let parts = Parts(bytes)
      for part in 0..<8 {
        let (scale, minimum) = parts[part]
        let numbers = target + (block &* 256 &+ part &* 32)
        for index in 0..<32 {
          let fifth = bytes.load(fromByteOffset: 16 &+ index, as: UInt8.self) >> UInt8(part) & 1
          let pair = bytes.load(fromByteOffset: 48 &+ part / 2 &* 32 &+ index, as: UInt8.self)
          numbers[index] = scale * Float((part % 2 == 0 ? pair & 15 : pair >> 4) | fifth << 4) - minimum
        }
      }
    }
  }

  /// Q6_K: 128 bytes of lower 4 bits, 64 bytes of upper 2 bits, 16 signed scales, one F16 scale.
  static func decode6(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 210
      let scale = HalfPrecision.value(bytes.loadUnaligned(fromByteOffset: 208, as: UInt16.self))
      for index in 0..<256 {
        let half = index / 128
        let within = index % 128
        let low = bytes.load(fromByteOffset: half &* 64 &+ within % 64, as: UInt8.self) >> (within < 64 ? 0 : 4) & 15
        let high =
          bytes.load(fromByteOffset: 128 &+ half &* 32 &+ within % 32, as: UInt8.self) >> UInt8(within / 32 &* 2) & 3
        let part = bytes.load(fromByteOffset: 192 &+ index / 16, as: Int8.self)
        target[block &* 256 &+ index] = scale * Float(part) * Float(Int32(low | high << 4) &- 32)
      }
    }
  }

  /// The scales and minima of a block's eight parts.
  private struct Parts {
    private let bytes: UnsafeRawPointer
    private let scale: Float
    private let minimum: Float

    init(_ block: UnsafeRawPointer) {
      bytes = block + 4
      scale = HalfPrecision.value(block.loadUnaligned(as: UInt16.self))
      minimum = HalfPrecision.value(block.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }

    /// The first four parts have six bits in a byte; the others four bits in the last bytes and two in the first.
    subscript(part: Int) -> (scale: Float, minimum: Float) {
      let first = bytes.load(fromByteOffset: part % 4, as: UInt8.self)
      let second = bytes.load(fromByteOffset: 4 &+ part % 4, as: UInt8.self)
      if part < 4 { return (scale * Float(first & 63), minimum * Float(second & 63)) }
      let third = bytes.load(fromByteOffset: 4 &+ part, as: UInt8.self)
      return (scale * Float(third & 15 | first >> 2 & 48), minimum * Float(third >> 4 | second >> 2 & 48))
    }
  }
}
