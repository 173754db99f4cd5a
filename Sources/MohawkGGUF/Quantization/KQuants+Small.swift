extension KQuants {
  /// Q2_K: sixteen 4-bit scales and minima, 64 bytes of 2-bit integers, two F16 scales.
  static func decode2(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 84
      let scale = HalfPrecision.value(bytes.loadUnaligned(fromByteOffset: 80, as: UInt16.self))
      let minimum = HalfPrecision.value(bytes.loadUnaligned(fromByteOffset: 82, as: UInt16.self))
      for part in 0..<16 {
        let both = bytes.load(fromByteOffset: part, as: UInt8.self)
        let (partScale, partMinimum) = (scale * Float(both & 15), minimum * Float(both >> 4))
        for index in part &* 16..<part &* 16 &+ 16 {
          target[block &* 256 &+ index] = partScale * Float(twoBits(bytes + 16, index)) - partMinimum
        }
      }
    }
  }

  /// Q3_K: 32 bytes of inverted third bits, 64 bytes of 2-bit integers, sixteen 6-bit scales in 12 bytes, one F16 scale.
  static func decode3(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* 110
      let scale = HalfPrecision.value(bytes.loadUnaligned(fromByteOffset: 108, as: UInt16.self))
      for part in 0..<16 {
        let low = bytes.load(fromByteOffset: 96 &+ part % 8, as: UInt8.self) >> (part < 8 ? 0 : 4) & 15
        let high = bytes.load(fromByteOffset: 104 &+ part % 4, as: UInt8.self) >> UInt8(part / 4 &* 2) & 3
        let partScale = scale * Float(Int32(low | high << 4) &- 32)
        for index in part &* 16..<part &* 16 &+ 16 {
          let third = bytes.load(fromByteOffset: index % 32, as: UInt8.self) >> UInt8(index / 32) & 1
          let integer = Int32(twoBits(bytes + 32, index)) &- (third == 0 ? 4 : 0)
          target[block &* 256 &+ index] = partScale * Float(integer)
        }
      }
    }
  }

  /// A number's two bits: each half of a block has 32 bytes, four numbers in a byte, 32 apart.
  @inline(__always)
  private static func twoBits(_ bytes: UnsafeRawPointer, _ index: Int) -> UInt8 {
    bytes.load(fromByteOffset: index / 128 &* 32 &+ index % 32, as: UInt8.self) >> UInt8(index % 128 / 32 &* 2) & 3
  }
}
