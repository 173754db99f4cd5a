/// The four kinds of character that the word patterns of byte-level BPE tell apart.
///
/// They come from a fixed table, not from the standard library, whose Unicode version differs between systems:
/// the same text must give the same ids everywhere.
enum CharacterClass: UInt8 {
  /// Neither letter, number nor white space: punctuation, marks, symbols, bytes that are not UTF-8.
  case other
  /// General category L.
  case letter
  /// General category N.
  case number
  /// White_Space.
  case space

  /// Above this every scalar is `other`.
  static let tableSize: UInt32 = 0x40000

  /// The class of each scalar below `tableSize`; one byte each, filled once and never changed or freed.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(tableSize))
    for (index, run) in runs.enumerated() {
      let end = index + 1 < runs.count ? runs[index + 1] >> 2 : tableSize
      for scalar in run >> 2..<end { table[Int(scalar)] = UInt8(run & 3) }
    }
    return UnsafePointer(table)
  }()
}

/// Walks over UTF-8 and tells each character's class and length. A byte that is not valid UTF-8 is one `other`.
struct CharacterScanner {
  let bytes: UnsafePointer<UInt8>
  let end: Int
  private let table = CharacterClass.table

  init(_ bytes: UnsafePointer<UInt8>, end: Int) {
    self.bytes = bytes
    self.end = end
  }

  /// The class (as a raw value) and the length in bytes of the character at `position`, which must be below `end`.
  @inline(__always) func character(at position: Int) -> (kind: UInt8, length: Int) {
    let first = bytes[position]
    if first < 0x80 { return (table[Int(first)], 1) }
    return wide(at: position, first: UInt32(first))
  }

  private func wide(at position: Int, first: UInt32) -> (kind: UInt8, length: Int) {
    func next(_ distance: Int) -> UInt32? {
      guard position + distance < end else { return nil }
      let byte = bytes[position + distance]
      return byte & 0xC0 == 0x80 ? UInt32(byte & 0x3F) : nil
    }
    let invalid = (kind: CharacterClass.other.rawValue, length: 1)
    guard first >= 0xC2, first < 0xF5, let second = next(1) else { return invalid }
    if first < 0xE0 { return (table[Int((first & 0x1F) << 6 | second)], 2) }
    guard let third = next(2) else { return invalid }
    if first < 0xF0 {
      let scalar = (first & 0x0F) << 12 | second << 6 | third
      if scalar < 0x800 || (0xD800..<0xE000).contains(scalar) { return invalid }
      return (table[Int(scalar)], 3)
    }
    guard let fourth = next(3) else { return invalid }
    let scalar = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    if scalar < 0x10000 || scalar > 0x10FFFF { return invalid }
    return (scalar < CharacterClass.tableSize ? table[Int(scalar)] : CharacterClass.other.rawValue, 4)
  }
}
