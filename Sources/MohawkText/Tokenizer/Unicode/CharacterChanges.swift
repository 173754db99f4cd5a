/// What normalisers make of single characters: small letters, no accents, compatible characters.
///
/// The data is that of `tokenizers`, so that the same text gives the same ids everywhere.
enum CharacterChanges {
  /// A change of text, character by character.
  enum Change: Sendable {
    case lowercase, stripAccents
  }

  /// What a scalar becomes by its compatibility decomposition, in full; nil when that is its canonical one.
  static func decomposition(_ scalar: UInt32) -> ArraySlice<UInt32>? { decompositions[scalar].map { compatible[$0] } }

  /// Whether a scalar differs from another one in case only.
  static func hasCase(_ scalar: UInt32) -> Bool {
    guard scalar < 0x110000 else { return false }
    let category = CharacterProperties.categoryNames[
      Int(CharacterProperties.table[Int(scalar)] & CharacterProperties.categoryMask)]
    return ["Lu", "Ll", "Lt"].contains(category) || cased.contains(scalar) || scalar == 0x345
  }

  /// The changed text; nil when nothing changes. Bytes that are not UTF-8 stay where they are.
  static func changed(_ text: UnsafeBufferPointer<UInt8>, _ change: Change) -> [UInt8]? {
    guard let base = text.baseAddress else { return nil }
    let scanner = UTF8Text(base, end: text.count)
    var result: [UInt8]?
    var (copied, position) = (0, 0)
    while position < text.count {
      let (scalar, length) = scanner.scalar(at: position)
      if let becomes = replacement(scalar, change) {
        if result == nil { result = [] }
        result!.append(contentsOf: text[copied..<position])
        for scalar in becomes { UTF8Text.append(scalar, to: &result!) }
        copied = position + length
      }
      position += length
    }
    result?.append(contentsOf: text[copied...])
    return result
  }

  private static func replacement(_ scalar: UInt32, _ change: Change) -> ArraySlice<UInt32>? {
    switch change {
    case .lowercase: return smallLetters[scalar].map { small[$0] }
    case .stripAccents:
      if scalar < 0x300 || scalar >= 0x110000 { return nil }
      var (low, high) = (0, accents.count)
      while low < high {
        let middle = (low + high) / 2
        if accents[middle] <= scalar { low = middle + 1 } else { high = middle }
      }
      return low.isMultiple(of: 2) ? nil : []
    }
  }

  /// The scalars that have a compatibility decomposition of their own.
  static var compatibleScalars: some Sequence<UInt32> { decompositions.keys }

  private static let decompositions = places(compatible)
  private static let smallLetters = places(small)
  private static let cased: Set<UInt32> = smallLetters.reduce(into: []) { all, entry in
    all.insert(entry.key)
    all.formUnion(small[entry.value])
  }

  /// Where what each scalar becomes lies in a table.
  private static func places(_ table: [UInt32]) -> [UInt32: Range<Int>] {
    var result: [UInt32: Range<Int>] = [:]
    var index = 0
    while index < table.count {
      let end = index + 2 + Int(table[index + 1])
      result[table[index]] = index + 2..<end
      index = end
    }
    return result
  }
}
