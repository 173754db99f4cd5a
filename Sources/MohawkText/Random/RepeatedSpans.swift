/// Repeats parts of training sequences inside them, so that a model must look back to know how they go on.
///
/// Ordinary text seldom asks for what stood hundreds of tokens before, and a student that has seen little of it learns to
/// do without. In a sequence that falls to it, spans of a thirty-second to an eighth of its length are copied from anywhere
/// before into its second half, with text of its own between them.
public struct RepeatedSpans: Sendable, Equatable {
  /// Share of the sequences, 0 to 1.
  public let share: Double
  /// Decides which, and where; beside it only the place of the sequence in the text does.
  public let seed: UInt64

  /// - Parameters:
  ///   - share: of the sequences, 0 to 1.
  ///   - seed: decides which, and where.
  public init(share: Double, seed: UInt64) {
    precondition((0...1).contains(share), "a share of \(share)")
    self.share = share
    self.seed = seed
  }

  /// The copies in the sequence with this place in the text, in their order; none where it stays as it is.
  /// - Parameters:
  ///   - window: the place of the sequence in the text, so that it is the same one in every epoch.
  ///   - length: its tokens.
  /// - Returns: for each copy where it comes from, where it goes, and its tokens; the source ends before the target begins.
  func copies(window: Int, length: Int) -> [(source: Int, target: Int, count: Int)] {
    var random = SeededGenerator(seed: seed, stream: UInt64(window))
    guard random.nextUnit() < share else { return [] }
    let (least, most) = (max(2, length / 32), max(2, length / 8))
    var result: [(source: Int, target: Int, count: Int)] = []
    var target = length / 2
    while true {
      let count = least + random.next(below: most - least + 1)
      guard target + count <= length, target >= count else { return result }
      result.append((random.next(below: target - count + 1), target, count))
      target += count + least + random.next(below: least + 1)
    }
  }

  /// Rewrites a sequence.
  func apply(to row: UnsafeMutableBufferPointer<Int32>, window: Int) {
    for copy in copies(window: window, length: row.count) {
      for index in 0..<copy.count { row[copy.target + index] = row[copy.source + index] }
    }
  }
}
