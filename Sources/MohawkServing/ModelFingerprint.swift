import MohawkModels
import MohawkTensor

extension Decoder {
  /// 16 hexadecimal digits that tell models apart: by their geometry, and by some numbers of every parameter. Models of
  /// one geometry with other weights differ in them, save when only a few numbers were changed on purpose.
  package var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    func mix(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
    var geometry = configuration
    geometry.tokens = TokenRoles()  // which ids end a text changes no state
    mix("\(geometry)".utf8)
    withoutGradients {
      for parameter in parameters.all {
        mix("\(parameter.name)\(parameter.value.shape)".utf8)
        let flat = parameter.value.reshaped(parameter.value.count)
        let length = min(8, flat.count)
        for start in Set([0, (flat.count - length) / 2, flat.count - length]).sorted() {
          for number in flat.narrowed(0, from: start, length: length).to(.float32).floats() {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { mix($0) }
          }
        }
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
