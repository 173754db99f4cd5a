/// A set of scalars: `\p{L}`, `[^\r\n]`, `[一-龥]`.
struct ScalarSet: Sendable {
  private var asciiLow: UInt64 = 0
  private var asciiHigh: UInt64 = 0
  /// Which values of the table of properties belong to it: one bit each.
  private var byProperty = [UInt64](repeating: 0, count: 4)
  private var ranges: [ClosedRange<UInt32>] = []
  private var isInverted = false

  init() {}

  init(_ scalar: UInt32) { insert(scalar...scalar) }

  mutating func insert(_ range: ClosedRange<UInt32>) {
    for scalar in range.lowerBound...max(range.lowerBound, min(range.upperBound, 0x7F)) where scalar < 0x80 {
      insertASCII(scalar)
    }
    if range.upperBound >= 0x80 { ranges.append(range) }
  }

  /// Inserts all scalars whose properties satisfy `predicate`.
  mutating func insert(where predicate: (UInt8) -> Bool) {
    for value in 0..<256 where predicate(UInt8(value)) { byProperty[value >> 6] |= 1 << UInt64(value & 63) }
    for scalar in 0..<UInt32(0x80) where predicate(CharacterProperties.table[Int(scalar)]) { insertASCII(scalar) }
  }

  mutating func invert() {
    isInverted.toggle()
    asciiLow = ~asciiLow
    asciiHigh = ~asciiHigh
  }

  private mutating func insertASCII(_ scalar: UInt32) {
    if scalar < 64 { asciiLow |= 1 << UInt64(scalar) } else { asciiHigh |= 1 << UInt64(scalar - 64) }
  }

  @inline(__always) func contains(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return (scalar < 64 ? asciiLow : asciiHigh) >> UInt64(scalar & 63) & 1 != 0 }
    return containsWide(scalar)
  }

  private func containsWide(_ scalar: UInt32) -> Bool {
    let value = CharacterProperties.table[Int(scalar)]
    if byProperty[Int(value >> 6)] >> UInt64(value & 63) & 1 != 0 { return !isInverted }
    for range in ranges where range.contains(scalar) { return !isInverted }
    return isInverted
  }
}
