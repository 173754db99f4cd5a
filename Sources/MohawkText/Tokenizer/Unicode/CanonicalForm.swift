/// The normal forms NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15).
///
/// The data is that of `tokenizers`, which normalises by Unicode 9: the same text must give the same ids.
struct CanonicalForm: Sendable {
  /// NFC or NFKC if true, NFD or NFKD if false.
  let composes: Bool
  /// Whether compatible characters become what they are compatible to: NFKC or NFKD.
  var isCompatible = false

  /// Bits of the characters that may change.
  private var changes: UInt8 {
    (composes ? Self.changesNFC : Self.changesNFD) | (isCompatible ? Self.changesCompatible : 0)
  }

  /// The normal form of `text`, or nil when that is the text itself. Bytes that are not UTF-8 stay where they are.
  func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard let base = text.baseAddress else { return nil }
    let scanner = UTF8Text(base, end: text.count)
    let plainLead: UInt8 = isCompatible ? 0xC2 : composes ? 0xCC : 0xC3
    let changes = changes
    var result: [UInt8]?
    var copied = 0
    /// The last place where a normal form may be cut in two.
    var border = 0
    var lastClass: UInt8 = 0
    var position = 0
    while position < text.count {
      // No character below U+0300 (for NFD, U+00C0; for compatible forms, U+0080) decomposes or combines.
      if base[position] < plainLead {
        if base[position] & 0xC0 != 0x80 {
          border = position
          lastClass = 0
        }
        position += 1
        continue
      }
      let (scalar, length) = scanner.scalar(at: position)
      let kind = Self.kind(scalar)
      let combining = Self.combiningClass(scalar)
      let isStable = kind & changes == 0
      if isStable && (combining == 0 || lastClass <= combining) {
        if combining == 0 { border = position }
        lastClass = combining
        position += length
        continue
      }
      let end = nextBorder(scanner, after: position + length)
      if result == nil {
        result = []
        result!.reserveCapacity(text.count + text.count / 8)
      }
      result!.append(contentsOf: text[copied..<border])
      rewrite(scanner, border..<end, into: &result!)
      copied = end
      border = end
      lastClass = 0
      position = end
    }
    result?.append(contentsOf: text[copied...])
    return result
  }

  /// The next character that starts afresh: neither combines nor changes.
  private func nextBorder(_ text: UTF8Text, after start: Int) -> Int {
    var position = start
    while position < text.end {
      let (scalar, length) = text.scalar(at: position)
      if Self.kind(scalar) & changes == 0, Self.combiningClass(scalar) == 0 { return position }
      position += length
    }
    return text.end
  }

  private func rewrite(_ text: UTF8Text, _ range: Range<Int>, into result: inout [UInt8]) {
    var scalars: [UInt32] = []
    var position = range.lowerBound
    func flush() {
      Self.sortMarks(&scalars)
      if composes { Self.compose(&scalars) }
      for scalar in scalars { UTF8Text.append(scalar, to: &result) }
      scalars.removeAll(keepingCapacity: true)
    }
    while position < range.upperBound {
      let (scalar, length) = text.scalar(at: position)
      if scalar == UTF8Text.invalid {
        flush()
        result.append(text.bytes[position])
      } else {
        decompose(scalar, into: &scalars)
      }
      position += length
    }
    flush()
  }
}

extension CanonicalForm {
  private func decompose(_ scalar: UInt32, into result: inout [UInt32]) {
    if isCompatible, Self.kind(scalar) & Self.changesCompatible != 0,
      let parts = CharacterChanges.decomposition(scalar)
    {
      result.append(contentsOf: parts)
    } else {
      Self.decompose(scalar, into: &result)
    }
  }

  /// Orders marks by combining class, without moving them past a starter.
  private static func sortMarks(_ scalars: inout [UInt32]) {
    var start = 0
    while start < scalars.count {
      guard combiningClass(scalars[start]) != 0 else {
        start += 1
        continue
      }
      var end = start + 1
      while end < scalars.count, combiningClass(scalars[end]) != 0 { end += 1 }
      // Equal classes keep their order.
      let sorted = scalars[start..<end].enumerated().sorted {
        (combiningClass($0.element), $0.offset) < (combiningClass($1.element), $1.offset)
      }
      scalars.replaceSubrange(start..<end, with: sorted.map(\.element))
      start = end
    }
  }

  private static func compose(_ scalars: inout [UInt32]) {
    var kept = 0
    var starter = -1
    var lastClass: UInt8?
    for scalar in scalars {
      let combining = combiningClass(scalar)
      if starter >= 0, lastClass == nil || lastClass! < combining, let whole = composition(scalars[starter], scalar) {
        scalars[starter] = whole
        continue
      }
      scalars[kept] = scalar
      if combining == 0 {
        starter = kept
        lastClass = nil
      } else {
        lastClass = combining
      }
      kept += 1
    }
    scalars.removeLast(scalars.count - kept)
  }
}
