import MohawkText

/// Merges of runs of one character, such as the fifteen pieces of spaces in Llama's vocabulary.
struct GGUFRunMerges {
  private struct Pair: Hashable {
    let left, right: Int
  }

  private let character: Unicode.Scalar
  /// The place of each merge, by the lengths of its parts.
  private var ranks: [Pair: Float] = [:]
  /// The scores of the pieces, by their lengths.
  private var scores: [Int: Float] = [:]

  /// - Parameters:
  ///   - character: of which the runs are.
  ///   - merges: all of the tokenizer, by rank.
  ///   - scores: of all tokens, by id.
  init(
    of character: Unicode.Scalar, _ merges: [(left: Int32, right: Int32)], _ scores: [Float], _ tokenizer: Tokenizer
  ) {
    self.character = character
    for (rank, pair) in merges.enumerated() {
      guard let left = Self.run(tokenizer.token(pair.left)), let right = Self.run(tokenizer.token(pair.right)),
        left.character == character, right.character == character,
        let token = tokenizer.id(of: String(repeating: Character(character), count: left.length + right.length))
      else { continue }
      ranks[Pair(left: left.length, right: right.length)] = Float(rank)
      self.scores[left.length + right.length] = scores[Int(token)]
    }
  }

  /// The character and the length of a run; nil for other tokens.
  static func run(_ token: String?) -> (character: Unicode.Scalar, length: Int)? {
    guard let scalars = token?.unicodeScalars, let first = scalars.first, scalars.allSatisfy({ $0 == first }) else {
      return nil
    }
    return (first, scalars.count)
  }

  /// Whether merging by score, of equal ones the leftmost pair, makes the same of every run as merging by rank.
  ///
  /// Runs of one character do not touch those of another, and where a run has become a few of its longest pieces the rest
  /// is a shorter run; so runs up to four times the longest piece show it.
  var mergeAlike: Bool {
    (2...4 * (scores.keys.max() ?? 1)).allSatisfy { count in
      merged(count) { ranks[$0] } == merged(count) { scores[$0.left + $0.right].map { -$0 } }
    }
  }

  /// The lengths of the pieces of a run: the pair of the lowest rank is merged, of equal ones the leftmost.
  private func merged(_ count: Int, _ rank: (Pair) -> Float?) -> [Int] {
    var pieces = [Int](repeating: 1, count: count)
    while true {
      var best: (place: Int, rank: Float)?
      for place in 0..<max(0, pieces.count - 1) {
        guard let rank = rank(Pair(left: pieces[place], right: pieces[place + 1])) else { continue }
        if best.map({ rank < $0.rank }) ?? true { best = (place, rank) }
      }
      guard let best else { return pieces }
      pieces[best.place] += pieces.remove(at: best.place + 1)
    }
  }
}
