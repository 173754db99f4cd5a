/// A flat hash table from a pair of ids to 64 bits, with linear probing: one cache line per look-up as a rule.
final class PairTable {
  private struct Slot {
    var key: UInt64
    var value: UInt64
  }

  private static let empty = UInt64.max
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private(set) var count = 0

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Self.allocate(size)
    mask = size - 1
  }

  deinit { slots.deallocate() }

  /// The key of a pair of ids, which are not negative.
  @inline(__always) static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always) func find(_ key: UInt64) -> UInt64? {
    var index = home(key)
    while true {
      let slot = slots[index]
      if slot.key == key { return slot.value }
      if slot.key == Self.empty { return nil }
      index = (index + 1) & mask
    }
  }

  /// Sets the value of `key`.
  func set(_ key: UInt64, _ value: UInt64) {
    if (count + 1) * 2 > mask + 1 { grow() }
    var index = home(key)
    while slots[index].key != Self.empty, slots[index].key != key { index = (index + 1) & mask }
    if slots[index].key == Self.empty { count += 1 }
    slots[index] = Slot(key: key, value: value)
  }

  @inline(__always) private func home(_ key: UInt64) -> Int {
    let product = (key ^ key >> 32) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: product >> 32) & mask
  }

  private func grow() {
    let old = slots
    let oldSize = mask + 1
    slots = Self.allocate(oldSize * 2)
    mask = oldSize * 2 - 1
    count = 0
    for index in 0..<oldSize where old[index].key != Self.empty { set(old[index].key, old[index].value) }
    old.deallocate()
  }

  private static func allocate(_ size: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: size)
    slots.initialize(repeating: Slot(key: empty, value: 0), count: size)
    return slots
  }
}
