/// Remembers the ids of short words, which are most of any text. It belongs to one thread at a time.
final class WordCache {
  private struct Slot {
    var low: UInt64
    /// The last bytes of the word and, on top, its length plus one; 0 marks a free slot.
    var high: UInt64
    /// The only id, or the place of the ids in `arena`.
    var value: Int32
    var count: UInt32
  }

  /// Words up to this many bytes are remembered.
  static let longest = 15
  private static let size = 1 << 16
  private let slots: UnsafeMutablePointer<Slot>
  private var used = 0
  private var arena: [Int32] = []

  init() {
    slots = .allocate(capacity: Self.size)
    slots.initialize(repeating: Slot(low: 0, high: 0, value: 0, count: 0), count: Self.size)
  }

  deinit { slots.deallocate() }

  /// A word of at most 15 bytes as two integers.
  struct Key {
    let low: UInt64
    let high: UInt64

    /// - Parameter readable: how many bytes may be read from `word`, at least `length`.
    @inline(__always) init(_ word: UnsafePointer<UInt8>, length: Int, readable: Int) {
      var low: UInt64 = 0
      var high: UInt64 = 0
      if readable >= 16 {
        let raw = UnsafeRawPointer(word)
        low = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
        if length > 8 {
          high = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
          high &= (1 << UInt64(8 * (length - 8))) - 1
        } else if length < 8 {
          low &= (1 << UInt64(8 * length)) - 1
        }
      } else {
        for index in 0..<min(length, 8) { low |= UInt64(word[index]) << UInt64(8 * index) }
        for index in 8..<max(length, 8) { high |= UInt64(word[index]) << UInt64(8 * (index - 8)) }
      }
      self.low = low
      self.high = high | UInt64(length + 1) << 56
    }

    @inline(__always) var home: Int {
      let product = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xD6E8_FEB8_6659_FD93
      return Int(truncatingIfNeeded: product >> 32) & (WordCache.size - 1)
    }
  }

  /// Appends the ids of a remembered word.
  /// - Returns: false when it is not known.
  @inline(__always) func append(_ key: Key, to ids: inout [Int32]) -> Bool {
    var index = key.home
    while true {
      let slot = slots[index]
      if slot.high == key.high, slot.low == key.low {
        if slot.count == 1 {
          ids.append(slot.value)
        } else {
          ids.append(contentsOf: arena[Int(slot.value)..<Int(slot.value) + Int(slot.count)])
        }
        return true
      }
      if slot.high == 0 { return false }
      index = (index + 1) & (Self.size - 1)
    }
  }

  /// Remembers a word that is not known yet. A full cache starts afresh.
  func remember(_ key: Key, _ ids: UnsafeMutableBufferPointer<Int32>) {
    if used * 2 >= Self.size {
      slots.update(repeating: Slot(low: 0, high: 0, value: 0, count: 0), count: Self.size)
      arena.removeAll(keepingCapacity: true)
      used = 0
    }
    var index = key.home
    while slots[index].high != 0 { index = (index + 1) & (Self.size - 1) }
    used += 1
    if ids.count == 1 {
      slots[index] = Slot(low: key.low, high: key.high, value: ids[0], count: 1)
    } else {
      slots[index] = Slot(low: key.low, high: key.high, value: Int32(arena.count), count: UInt32(ids.count))
      arena.append(contentsOf: ids)
    }
  }
}
