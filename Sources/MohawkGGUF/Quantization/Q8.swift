/// Q8_0: blocks of 32 numbers, each an 8-bit integer times the block's scale, the largest magnitude over 127.
///
/// Rounded as ggml's reference does: to the nearest integer, ties away from zero.
enum Q8 {
  private static let blockBytes = 34

  static func encode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    Block32.encode(
      source, blocks, target, blockBytes: blockBytes, scale: { largest, _ in largest / 127 }
    ) { numbers, bytes, inverse in
      for index in 0..<32 {
        let scaled = numbers.loadUnaligned(fromByteOffset: index &* 4, as: Float.self) * inverse
        let integer = Int8(truncatingIfNeeded: Block32.rounded(scaled))
        bytes.storeBytes(of: integer, toByteOffset: 2 &+ index, as: Int8.self)
      }
    }
  }

  static func decode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutablePointer<Float>) {
    for block in 0..<blocks {
      let bytes = source + block &* blockBytes
      let scale = HalfPrecision.value(bytes.loadUnaligned(as: UInt16.self))
      for index in 0..<32 {
        target[block &* 32 &+ index] = Float(bytes.load(fromByteOffset: 2 &+ index, as: Int8.self)) * scale
      }
    }
  }
}
