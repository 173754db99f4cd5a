/// The merges of a byte-pair encoding: which pair becomes which token, and which merge goes first.
final class MergeTable: @unchecked Sendable {  // the table is filled in init and only read after it
  /// Left and right id of each merge, in the order of their rank.
  let pairs: [(left: Int32, right: Int32)]
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
    struct Candidate {
      let merge: UInt64
      let left: Int
      let right: Int
      let leftID: Int32
      let rightID: Int32
    }
    let count = symbols.count
    var next = Array(1...count)
    var previous = Array(-1..<count - 1)
    var heap = Heap<Candidate> { $0.merge >> 32 != $1.merge >> 32 ? $0.merge < $1.merge : $0.left < $1.left }
    func push(_ left: Int, _ right: Int) {
      let found = merge(symbols[left], symbols[right])
      guard found != .max else { return }
      heap.push(
        Candidate(merge: found, left: left, right: right, leftID: symbols[left], rightID: symbols[right]))
    }
    for index in 0..<count - 1 { push(index, index + 1) }
    while let top = heap.pop() {
      // A merged-away symbol is -1; a symbol that merged since then has another id or another neighbour.
      guard symbols[top.left] == top.leftID, symbols[top.right] == top.rightID, next[top.left] == top.right else {
        continue
      }
      symbols[top.left] = Int32(truncatingIfNeeded: top.merge)
      symbols[top.right] = -1
      let after = next[top.right]
      next[top.left] = after
      if after < count {
        previous[after] = top.left
        push(top.left, after)
      }
      if previous[top.left] >= 0 { push(previous[top.left], top.left) }
    }
    var kept = 0
    for index in 0..<count where symbols[index] >= 0 {
      symbols[kept] = symbols[index]
      kept += 1
    }
    return kept
  }
}
