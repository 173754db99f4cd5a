#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Spellings and their ids. The spellings lie one after the other in one array.
struct Vocabulary: Sendable {
  private var arena: [UInt8] = []
  private var ends: [UInt32] = []
  private(set) var ids: [Int32] = []
  /// Open addressing: entry plus one, 0 when free.
  private var slots: [UInt32]

  /// - Parameter expected: about how many entries there will be.
  init(expecting expected: Int = 0) {
    var size = 64
    while size < 2 * expected, size < 1 << 20 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    arena.reserveCapacity(8 * expected)
    ends.reserveCapacity(expected)
    ids.reserveCapacity(expected)
  }

  var count: Int { ids.count }

  /// UTF-8 of the spelling of an entry.
  func spelling(_ entry: Int) -> ArraySlice<UInt8> {
    arena[(entry == 0 ? 0 : Int(ends[entry - 1]))..<Int(ends[entry])]
  }

  /// The id of a spelling.
  func id(of spelling: UnsafeBufferPointer<UInt8>) -> Int32? {
    let slot = slots[home(spelling)]
    return slot == 0 ? nil : ids[Int(slot) - 1]
  }

  /// The id of a spelling.
  func id(of spelling: some Collection<UInt8>) -> Int32? {
    spelling.withContiguousStorageIfAvailable { id(of: $0) }
      ?? Array(spelling).withUnsafeBufferPointer { id(of: $0) }
  }

  /// Adds an entry.
  /// - Returns: false when the spelling is there already.
  mutating func insert(_ spelling: [UInt8], id: Int32) -> Bool {
    spelling.withUnsafeBufferPointer { insert($0, id: id) }
  }

  /// Adds an entry.
  /// - Returns: false when the spelling is there already.
  mutating func insert(_ spelling: UnsafeBufferPointer<UInt8>, id: Int32) -> Bool {
    let slot = home(spelling)
    if slots[slot] != 0 { return false }
    arena.append(contentsOf: spelling)
    ends.append(UInt32(arena.count))
    ids.append(id)
    slots[slot] = UInt32(ids.count)
    if ids.count * 2 > slots.count { grow() }
    return true
  }

  /// The slot of a spelling, or the free one where it belongs.
  private func home(_ spelling: UnsafeBufferPointer<UInt8>) -> Int {
    slots.withUnsafeBufferPointer { slots in
      ends.withUnsafeBufferPointer { ends in
        arena.withUnsafeBufferPointer { arena in
          let mask = slots.count - 1
          var index = Self.hash(spelling) & mask
          while slots[index] != 0 {
            let entry = Int(slots[index]) - 1
            let start = entry == 0 ? 0 : Int(ends[entry - 1])
            let isAsLong = Int(ends[entry]) - start == spelling.count
            // The empty spelling has no address.
            if isAsLong,
              spelling.isEmpty || memcmp(arena.baseAddress! + start, spelling.baseAddress!, spelling.count) == 0
            {
              return index
            }
            index = (index + 1) & mask
          }
          return index
        }
      }
    }
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for entry in 0..<ids.count {
      var index = spelling(entry).withUnsafeBufferPointer { Self.hash($0) } & mask
      while slots[index] != 0 { index = (index + 1) & mask }
      slots[index] = UInt32(entry + 1)
    }
  }

  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 29)
  }
}

/// The two sides of each merge as they are spelled, by rank.
struct MergeSpellings: Sendable {
  private var arena: [UInt8] = []
  /// Where the left and the right side of each merge end.
  private var ends: [UInt32] = []

  var count: Int { ends.count / 2 }

  /// - Parameter expected: about how many merges there will be.
  init(expecting expected: Int = 0) {
    arena.reserveCapacity(8 * expected)
    ends.reserveCapacity(2 * expected)
  }

  mutating func append(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) {
    append(side: left)
    append(side: right)
  }

  /// Adds the left side of another merge, or the right side of the last one.
  mutating func append(side: some Collection<UInt8>) {
    arena.append(contentsOf: side)
    ends.append(UInt32(arena.count))
  }

  /// Calls `body` with the sides of each merge, the right behind the left in memory, by rank.
  func forEach(
    _ body: (_ rank: Int, _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) throws -> Void
  ) rethrows {
    try arena.withUnsafeBufferPointer { arena in
      var start = 0
      for rank in 0..<count {
        let (middle, end) = (Int(ends[2 * rank]), Int(ends[2 * rank + 1]))
        try body(
          rank, UnsafeBufferPointer(rebasing: arena[start..<middle]), UnsafeBufferPointer(rebasing: arena[middle..<end])
        )
        start = end
      }
    }
  }

  func left(_ rank: Int) -> ArraySlice<UInt8> { arena[start(rank)..<Int(ends[2 * rank])] }
  func right(_ rank: Int) -> ArraySlice<UInt8> { arena[Int(ends[2 * rank])..<Int(ends[2 * rank + 1])] }
  /// Both sides together.
  func whole(_ rank: Int) -> ArraySlice<UInt8> { arena[start(rank)..<Int(ends[2 * rank + 1])] }

  private func start(_ rank: Int) -> Int { rank == 0 ? 0 : Int(ends[2 * rank - 1]) }
}
