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
        let count = parameter.value.count
        let length = min(8, count)
        for start in Set([0, (count - length) / 2, count - length]).sorted() {
          for number in parameter.value.elements(start..<start + length) {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { mix($0) }
          }
        }
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Tensor {
  /// Some elements, counted in row-major order. Those of a view are taken one by one, since all of them may be many.
  fileprivate func elements(_ range: Range<Int>) -> [Float] {
    if isContiguous {
      return reshaped(count).narrowed(0, from: range.lowerBound, length: range.count).to(.float32).floats()
    }
    let shape = self.shape
    return range.flatMap { number in
      var (element, rest) = (self, number)
      for dimension in shape.indices.reversed() {
        element = element.narrowed(dimension, from: rest % shape[dimension], length: 1)
        rest /= shape[dimension]
      }
      return element.to(.float32).floats()
    }
  }
}
