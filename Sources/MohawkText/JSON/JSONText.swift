/// Writes JSON strings: UTF-8 as it is, with the escapes that the format demands.
package enum JSONText {
  /// Appends `bytes`, which must be UTF-8, as a JSON string.
  package static func append(_ bytes: some Sequence<UInt8>, to result: inout [UInt8]) {
    result.append(0x22)
    for byte in bytes {
      switch byte {
      case 0x22, 0x5C: result.append(contentsOf: [0x5C, byte])
      case 0x0A: result.append(contentsOf: Array("\\n".utf8))
      case 0x0D: result.append(contentsOf: Array("\\r".utf8))
      case 0x09: result.append(contentsOf: Array("\\t".utf8))
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        result.append(contentsOf: Array("\\u00".utf8))
        result.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
      default: result.append(byte)
      }
    }
    result.append(0x22)
  }
}
