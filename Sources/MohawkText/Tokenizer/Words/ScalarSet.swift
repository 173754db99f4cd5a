/// A set of scalars: `\p{L}`, `[^\r\n]`, `[一-龥&&[^丁]]`.
struct ScalarSet: Sendable {
  private var asciiLow: UInt64 = 0
  private var asciiHigh: UInt64 = 0
  /// Which values of the table of properties belong to it: one bit each.
  private var byProperty = [UInt64](repeating: 0, count: 4)
  /// In ascending order, without overlap.
  private var ranges: [ClosedRange<UInt32>] = []
  /// Sets whose members belong to it too.
  private var parts: [ScalarSet] = []
  /// Sets that its members must belong to as well.
  private var bounds: [ScalarSet] = []
  private var isInverted = false

  init() {}

  init(_ scalar: UInt32) { insert(scalar...scalar) }

  /// All scalars whose properties satisfy `predicate`.
  init(where predicate: (UInt8) -> Bool) {
    for value in 0..<256 where predicate(UInt8(value)) { byProperty[value >> 6] |= 1 << UInt64(value & 63) }
    for scalar in 0..<UInt32(0x80) where predicate(CharacterProperties.table[Int(scalar)]) { insertASCII(scalar) }
  }

  mutating func insert(_ range: ClosedRange<UInt32>) {
    insert([range])
  }

  mutating func insert(_ more: [ClosedRange<UInt32>]) {
    for range in more {
      for scalar in range.lowerBound...max(range.lowerBound, min(range.upperBound, 0x7F)) where scalar < 0x80 {
        insertASCII(scalar)
      }
    }
    var merged: [ClosedRange<UInt32>] = []
    for range in (ranges + more.filter { $0.upperBound >= 0x80 }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = merged
  }

  /// Takes in the members of another set.
  mutating func formUnion(_ other: ScalarSet) {
    precondition(!isInverted && bounds.isEmpty, "a set is complete when it is inverted or intersected")
    asciiLow |= other.asciiLow
    asciiHigh |= other.asciiHigh
    if !other.isInverted, other.parts.isEmpty, other.bounds.isEmpty {
      for index in byProperty.indices { byProperty[index] |= other.byProperty[index] }
      insert(other.ranges)
    } else {
      parts.append(other)
    }
  }

  /// Keeps the members that belong to another set too.
  mutating func formIntersection(_ other: ScalarSet) {
    precondition(!isInverted, "a set is complete when it is inverted")
    asciiLow &= other.asciiLow
    asciiHigh &= other.asciiHigh
    bounds.append(other)
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
    return containsWide(scalar) != isInverted
  }

  private func containsWide(_ scalar: UInt32) -> Bool {
    let value = CharacterProperties.table[Int(scalar)]
    let isMember =
      byProperty[Int(value >> 6)] >> UInt64(value & 63) & 1 != 0 || isInRange(scalar)
      || parts.contains { $0.contains(scalar) }
    return isMember && bounds.allSatisfy { $0.contains(scalar) }
  }

  private func isInRange(_ scalar: UInt32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(scalar)
  }
}
