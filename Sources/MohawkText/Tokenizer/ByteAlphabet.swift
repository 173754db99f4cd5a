/// The printable spelling of bytes in GPT-2's vocabulary files: each byte is one character, so that a token that is half
/// of a UTF-8 character, or a space, can stand in JSON.
enum ByteAlphabet {
  /// The character that stands for each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)!
      default:
        next += 1
        return Unicode.Scalar(next - 1)!
      }
    }
  }()

  /// The byte behind each character; -1 for characters that stand for none.
  private static let values: [Int16] = {
    var values = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { values[Int(scalar.value)] = Int16(byte) }
    return values
  }()

  /// Bytes in the order of the characters that stand for them.
  static let ascending: [UInt8] = (0..<256).map { UInt8($0) }.sorted { scalars[Int($0)] < scalars[Int($1)] }

  /// UTF-8 of the spelling of `bytes`.
  static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes { result.append(contentsOf: UTF8.encode(scalars[Int(byte)])!) }
    return result
  }

  /// The bytes that `spelling` (UTF-8) stands for, or nil when a character stands for no byte.
  static func bytes(spelledBy spelling: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    return spelling.withUnsafeBufferPointer { append(bytesSpelledBy: $0, to: &result) } ? result : nil
  }

  /// Appends the bytes that `spelling` (UTF-8) stands for; false, and nothing is appended, when a character stands for none.
  static func append(bytesSpelledBy spelling: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) -> Bool {
    let before = result.count
    var position = 0
    while position < spelling.count {
      var scalar = Int(spelling[position])
      position += 1
      if scalar >= 0x80 {
        guard (0xC2...0xC5).contains(scalar), position < spelling.count else { break }
        scalar = (scalar & 0x1F) << 6 | Int(spelling[position] & 0x3F)
        position += 1
      }
      guard scalar < values.count, values[scalar] >= 0 else { break }
      result.append(UInt8(values[scalar]))
      if position == spelling.count { return true }
    }
    result.removeLast(result.count - before)
    return spelling.isEmpty
  }
}
