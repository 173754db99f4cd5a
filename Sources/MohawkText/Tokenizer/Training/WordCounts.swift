/// How often each distinct word occurs. The words lie one after the other in one array.
struct WordCounts {
  private(set) var bytes: [UInt8] = []
  private(set) var starts: [Int] = [0]
  private(set) var counts: [Int] = []
  /// Open addressing: word index plus one, 0 when free.
  private var slots = [UInt32](repeating: 0, count: 1 << 16)
  private var hashes: [UInt64] = []

  var count: Int { counts.count }

  func word(_ index: Int) -> ArraySlice<UInt8> { bytes[starts[index]..<starts[index + 1]] }

  mutating func add(_ word: UnsafeBufferPointer<UInt8>) {
    let hash = Self.hash(word)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if hashes[index] == hash, holds(index, word) {
        counts[index] += 1
        return
      }
      slot = (slot + 1) & mask
    }
    bytes.append(contentsOf: word)
    starts.append(bytes.count)
    counts.append(1)
    hashes.append(hash)
    slots[slot] = UInt32(counts.count)
    if counts.count * 2 > slots.count { grow() }
  }

  private func holds(_ index: Int, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = starts[index]
    guard starts[index + 1] - start == word.count else { return false }
    for offset in 0..<word.count where bytes[start + offset] != word[offset] { return false }
    return true
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for (index, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(index + 1)
    }
  }

  private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ hash >> 29
  }
}
