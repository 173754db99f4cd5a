/// How a text lies in a file, told by the byte order mark that it begins with. Without a mark it is UTF-8, or at least of
/// one byte per ASCII character, as all that this package writes.
public enum TextEncoding: Sendable, Equatable {
  /// UTF-8, or bytes that are passed on as they are.
  case utf8
  /// UTF-16, as Windows tools write it.
  case utf16(bigEndian: Bool)
  /// UTF-32.
  case utf32(bigEndian: Bool)

  /// Bytes of a character, or of half of one.
  public var unit: Int {
    switch self {
    case .utf8: 1
    case .utf16: 2
    case .utf32: 4
    }
  }

  /// Looks at the beginning of a file.
  /// - Parameter bytes: the first four bytes, or all when there are fewer.
  /// - Returns: the encoding, and how many bytes its mark takes.
  public static func detect(_ bytes: UnsafeBufferPointer<UInt8>) -> (encoding: TextEncoding, mark: Int) {
    func begins(_ mark: UInt8...) -> Bool { bytes.starts(with: mark) }
    if begins(0xEF, 0xBB, 0xBF) { return (.utf8, 3) }
    if begins(0xFF, 0xFE, 0, 0) { return (.utf32(bigEndian: false), 4) }
    if begins(0, 0, 0xFE, 0xFF) { return (.utf32(bigEndian: true), 4) }
    if begins(0xFF, 0xFE) { return (.utf16(bigEndian: false), 2) }
    if begins(0xFE, 0xFF) { return (.utf16(bigEndian: true), 2) }
    return (.utf8, 0)
  }

  /// Whether bytes without a mark can only be UTF-16 or UTF-32: of such a text with mostly Latin letters every other byte
  /// is zero, and no text has zeros.
  public static func looksWide(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let some = bytes.prefix(4096)
    return some.count >= 4 && some.count(where: { $0 == 0 }) * 4 >= some.count
  }
}

/// Turns UTF-16 or UTF-32 into UTF-8, piece by piece.
public struct TextDecoder {
  /// What is read.
  public let encoding: TextEncoding
  private var rest: [UInt8] = []
  private var high: UInt32?

  /// A decoder at the beginning of a text, behind its mark.
  public init(_ encoding: TextEncoding) { self.encoding = encoding }

  /// Appends the UTF-8 of a piece to `result`.
  /// - Returns: false when the piece is not of this encoding.
  public mutating func decode(_ piece: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) -> Bool {
    guard encoding != .utf8 else {
      result.append(contentsOf: piece)
      return true
    }
    let unit = encoding.unit
    let isBigEndian = encoding == .utf16(bigEndian: true) || encoding == .utf32(bigEndian: true)
    rest.append(contentsOf: piece)
    let whole = rest.count / unit * unit
    result.reserveCapacity(result.count + whole)
    for start in stride(from: 0, to: whole, by: unit) {
      var value: UInt32 = 0
      for offset in 0..<unit { value = value << 8 | UInt32(rest[start + (isBigEndian ? offset : unit - 1 - offset)]) }
      if !append(value, to: &result) { return false }
    }
    rest.removeFirst(whole)
    return true
  }

  /// Whether a text may end here: not within a character.
  public var isAtEnd: Bool { rest.isEmpty && high == nil }

  private mutating func append(_ value: UInt32, to result: inout [UInt8]) -> Bool {
    if unitIsHalf {
      if let first = high {
        high = nil
        guard (0xDC00..<0xE000).contains(value) else { return false }
        return append(scalar: 0x10000 + (first - 0xD800) << 10 + (value - 0xDC00), to: &result)
      }
      if (0xD800..<0xDC00).contains(value) {
        high = value
        return true
      }
    }
    return append(scalar: value, to: &result)
  }

  private var unitIsHalf: Bool { encoding.unit == 2 }

  private func append(scalar value: UInt32, to result: inout [UInt8]) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return false }
    result.append(contentsOf: UTF8.encode(scalar)!)
    return true
  }
}
