/// What the patterns and pre-tokenizers of a `tokenizer.json` ask of a character.
///
/// As with ``CharacterClass`` the answers come from fixed tables, so that ids are the same on every system.
enum CharacterProperties {
  /// Bits of a table entry: the category's number below, then these.
  static let categoryMask: UInt8 = 0x1F
  static let spaceBit: UInt8 = 0x20
  static let wordBit: UInt8 = 0x40
  static let punctuationBit: UInt8 = 0x80

  /// The entry of every scalar, and of `UTF8Text.invalid`; filled once and never changed or freed.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let count = Int(UTF8Text.invalid) + 1
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    table.initialize(repeating: 0, count: count)
    for (index, run) in runs.enumerated() {
      let end = index + 1 < runs.count ? runs[index + 1] >> 8 : 0x110000
      let length = Int(end - run >> 8)
      (table + Int(run >> 8)).update(repeating: UInt8(truncatingIfNeeded: run), count: length)
    }
    return UnsafePointer(table)
  }()

  @inline(__always) static func isSpace(_ scalar: UInt32) -> Bool { table[Int(scalar)] & spaceBit != 0 }

  /// `\w`: letters, marks, digits, connectors and joiners.
  static func isWord(_ scalar: UInt32) -> Bool { table[Int(scalar)] & wordBit != 0 }

  static func isPunctuation(_ scalar: UInt32) -> Bool { table[Int(scalar)] & punctuationBit != 0 }

  /// Numbers as the pre-tokenizer `Digits` sees them.
  static func isNumber(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return scalar &- 0x30 < 10 }
    return numbers[Int(table[Int(scalar)] & categoryMask)] || lateNumbers.contains(scalar)
  }

  /// Which categories a name stands for (`Lu`, or `L` for all of its kind), as bits; nil for an unknown name.
  static func categories(named name: String) -> UInt32? {
    var bits: UInt32 = 0
    for (index, category) in categoryNames.enumerated() where category == name || category.prefix(1) == name {
      bits |= 1 << UInt32(index)
    }
    return bits == 0 ? nil : bits
  }

  private static let numbers = categoryNames.map { $0.hasPrefix("N") }
}
