/// The merges of a byte-pair encoding: which pair becomes which token, and which merge goes first.
final class MergeTable: @unchecked Sendable {  // the table is filled in init and only read after it
  /// Left and right id of each merge, in the order of their rank.
  let pairs: [(left: Int32, right: Int32)]
  private static let rankBits: UInt64 = 0xFFFF_FFFF_0000_0000

  /// `rank << 32 | merged id`
  private let table: PairTable

  /// - Parameter results: the id that each pair becomes. Of a repeated pair the last rank counts.
  init(pairs: [(left: Int32, right: Int32)], results: [Int32]) {
    self.pairs = pairs
    table = PairTable(capacity: pairs.count)
    for (rank, (pair, result)) in zip(pairs, results).enumerated() {
      table.set(PairTable.key(pair.left, pair.right), UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result)))
    }
  }

  /// `rank << 32 | merged id` of a pair, or `UInt64.max` when it does not merge.
  @inline(__always) private func merge(_ left: Int32, _ right: Int32) -> UInt64 {
    table.find(PairTable.key(left, right)) ?? .max
  }

  /// Merges the symbols of one word in place: always the pair of lowest rank, the leftmost first.
  /// - Returns: how many symbols are left.
  func apply(to symbols: UnsafeMutableBufferPointer<Int32>) -> Int {
    symbols.count <= 48 ? applyByScanning(symbols) : applyByHeap(symbols)
  }

  /// Quadratic, without allocation: best for words of usual length.
  private func applyByScanning(_ symbols: UnsafeMutableBufferPointer<Int32>) -> Int {
    var count = symbols.count
    if count < 2 { return count }
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { merges in
      for index in 0..<count - 1 { merges[index] = merge(symbols[index], symbols[index + 1]) }
      while count > 1 {
        var best = UInt64.max
        var at = 0
        for index in 0..<count - 1 where merges[index] < best {
          best = merges[index]
          at = index
        }
        if best == .max { break }
        symbols[at] = Int32(truncatingIfNeeded: best)
        count -= 1
        for index in at + 1..<max(count, at + 1) { symbols[index] = symbols[index + 1] }
        for index in at..<max(count - 1, at) { merges[index] = merges[index + 1] }
        if at + 1 < count { merges[at] = merge(symbols[at], symbols[at + 1]) }
        if at > 0 { merges[at - 1] = merge(symbols[at - 1], symbols[at]) }
      }
      return count
    }
  }

  /// O(n log n), so that a megabyte without a word border does not take forever.
  private func applyByHeap(_ symbols: UnsafeMutableBufferPointer<Int32>) -> Int {
    let count = symbols.count
    precondition(count < Int(Int32.max), "a word of \(count) symbols is too long to be merged")
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { links in
      let next = UnsafeMutableBufferPointer(rebasing: links[..<count])
      let previous = UnsafeMutableBufferPointer(rebasing: links[count...])
      for index in 0..<count {
        next[index] = Int32(index + 1)
        previous[index] = Int32(index - 1)
      }
      // Rank and place of the left symbol: the order in which pairs merge.
      var heap = MergeHeap(capacity: count)
      for index in 0..<count - 1 {
        let found = merge(symbols[index], symbols[index + 1])
        if found != .max { heap.fill((found & Self.rankBits) | UInt64(index)) }
      }
      heap.order()
      while let top = heap.pop() {
        let left = Int(top & 0xFFFF_FFFF)
        // A symbol that merged since then is gone (-1) or has another neighbour, so that its pair has another rank.
        guard symbols[left] >= 0, next[left] < count else { continue }
        let right = Int(next[left])
        let found = merge(symbols[left], symbols[right])
        if found == .max || found >> 32 != top >> 32 { continue }
        symbols[left] = Int32(truncatingIfNeeded: found)
        symbols[right] = -1
        let after = Int(next[right])
        next[left] = Int32(after)
        if after < count {
          previous[after] = Int32(left)
          let found = merge(symbols[left], symbols[after])
          if found != .max { heap.push((found & Self.rankBits) | UInt64(left)) }
        }
        let before = Int(previous[left])
        if before >= 0 {
          let found = merge(symbols[before], symbols[left])
          if found != .max { heap.push((found & Self.rankBits) | UInt64(before)) }
        }
      }
      var kept = 0
      for index in 0..<count where symbols[index] >= 0 {
        symbols[kept] = symbols[index]
        kept += 1
      }
      return kept
    }
  }
}
