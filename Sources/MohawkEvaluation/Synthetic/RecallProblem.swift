import MohawkText

/// Tokens some of which can only be known from those before them.
struct RecallProblem: Sendable, Equatable {
  /// The whole sequence, answers included.
  let ids: [Int32]
  /// Where the answers stand; each is right or wrong as a whole.
  let answers: [Range<Int>]
  /// What distinguishes this problem among those of its size, such as the depth of its needle.
  var group: String?
}

/// A made-up task: how many problems there are of which sizes, and how one is made.
struct RecallFormat: Sendable {
  let name: String
  /// What a size counts, for messages.
  let unit: String
  /// Sizes that are taken when none is named; of these only what fits the model.
  let sizes: [Int]
  /// Problems of each size when no limit is given.
  let problems: Int
  /// How many of all problems guessing answers, where that is known.
  let chance: @Sendable (_ size: Int) -> Double?
  /// The problem `index` of a size, a pure function of the generator that it is given.
  let problem:
    @Sendable (_ size: Int, _ index: Int, _ source: TokenSource, inout SeededGenerator) throws -> RecallProblem

  /// Every form, in the order in which they are listed.
  static let all: [RecallFormat] = [phoneBook, copying, copyingTokens, associativeRecall, needle, needleTokens]

  /// The problems of one size.
  func problems(_ count: Int, size: Int, _ source: TokenSource, seed: UInt64) throws -> [RecallProblem] {
    var mark: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(name) \(size)".utf8 { mark = (mark ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return try (0..<count).map { index in
      var generator = SeededGenerator(seed: seed ^ mark, stream: UInt64(index))
      return try problem(size, index, source, &generator)
    }
  }
}
