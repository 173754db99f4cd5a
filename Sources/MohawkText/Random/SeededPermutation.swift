/// A seeded permutation of `0..<count` that is computed entry by entry and stores nothing.
///
/// A balanced Feistel network permutes the next power of four; an image outside `0..<count` is sent through again until
/// it falls inside ("cycle walking", Black and Rogaway 2002), which keeps it a bijection. An entry costs on average fewer
/// than four passes.
public struct SeededPermutation: Sendable, Hashable {
  /// How many values are permuted.
  public let count: Int
  private let halfBits: UInt64
  private let key: UInt64

  /// The permutation number `stream` (an epoch, say) of `seed`.
  public init(count: Int, seed: UInt64, stream: UInt64 = 0) {
    precondition(count >= 0, "a permutation needs a count of at least 0, got \(count)")
    self.count = count
    let bits = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    halfBits = UInt64(max(1, (bits + 1) / 2))
    key = SeededGenerator(seed: seed, stream: stream).seed
  }

  /// The value at `position`.
  public subscript(position: Int) -> Int {
    precondition(position >= 0 && position < count, "position \(position) is outside 0..<\(count)")
    var value = UInt64(position)
    repeat { value = pass(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func pass(_ value: UInt64) -> UInt64 {
    let mask = (UInt64(1) << halfBits) - 1
    var left = value >> halfBits
    var right = value & mask
    for round in UInt64(1)...6 {
      let mixed = SeededGenerator.mix(key &+ round &* SeededGenerator.step ^ right)
      (left, right) = (right, left ^ (mixed >> 32) & mask)
    }
    return left << halfBits | right
  }
}
