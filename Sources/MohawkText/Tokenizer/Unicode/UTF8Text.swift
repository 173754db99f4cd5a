/// Bytes up to `end` as a sequence of scalars. A byte that is not valid UTF-8 is one `invalid`.
struct UTF8Text {
  /// Stands for a byte that is not UTF-8; one more than the largest scalar.
  static let invalid: UInt32 = 0x110000

  let bytes: UnsafePointer<UInt8>
  let end: Int

  init(_ bytes: UnsafePointer<UInt8>, end: Int) {
    self.bytes = bytes
    self.end = end
  }

  /// The scalar at `position`, which must be below `end`, and its length in bytes.
  @inline(__always) func scalar(at position: Int) -> (value: UInt32, length: Int) {
    let first = bytes[position]
    if first < 0x80 { return (UInt32(first), 1) }
    return wide(at: position, first: UInt32(first))
  }

  /// The scalar that ends at `position`, which must be above `start`, and its length in bytes.
  func scalar(before position: Int, from start: Int = 0) -> (value: UInt32, length: Int) {
    for length in 1...4 where position - length >= start {
      if bytes[position - length] & 0xC0 == 0x80 { continue }
      let found = UTF8Text(bytes, end: position).scalar(at: position - length)
      return found.length == length ? found : (Self.invalid, 1)
    }
    return (Self.invalid, 1)
  }

  private func wide(at position: Int, first: UInt32) -> (value: UInt32, length: Int) {
    let invalid = (value: Self.invalid, length: 1)
    guard first >= 0xC2, first < 0xF5, let second = continuation(position + 1) else { return invalid }
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    guard let third = continuation(position + 2) else { return invalid }
    if first < 0xF0 {
      let scalar = (first & 0x0F) << 12 | second << 6 | third
      return scalar < 0x800 || (0xD800..<0xE000).contains(scalar) ? invalid : (scalar, 3)
    }
    guard let fourth = continuation(position + 3) else { return invalid }
    let scalar = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    return scalar < 0x10000 || scalar > 0x10FFFF ? invalid : (scalar, 4)
  }

  @inline(__always) private func continuation(_ position: Int) -> UInt32? {
    guard position < end else { return nil }
    let byte = bytes[position]
    return byte & 0xC0 == 0x80 ? UInt32(byte & 0x3F) : nil
  }

  /// Appends the UTF-8 of `scalar`, which must be one.
  @inline(__always) static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: bytes.append(UInt8(scalar))
    case 0x80..<0x800:
      bytes.append(UInt8(0xC0 | scalar >> 6))
      bytes.append(UInt8(0x80 | scalar & 0x3F))
    case 0x800..<0x10000:
      bytes.append(UInt8(0xE0 | scalar >> 12))
      bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      bytes.append(UInt8(0x80 | scalar & 0x3F))
    default:
      bytes.append(UInt8(0xF0 | scalar >> 18))
      bytes.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      bytes.append(UInt8(0x80 | scalar & 0x3F))
    }
  }
}
