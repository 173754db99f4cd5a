import MohawkFiles
import MohawkText

extension GGUFVocabulary {
  /// Scores by which SentencePiece's merging, always the pair whose token scores highest and of these the leftmost, does
  /// the merges in their order: minus the place among those that are made. Tokens that no merge makes score 0.
  ///
  /// That works when the merges that make a token stand together, and when every two tokens that make a token are a
  /// merge, as in all vocabularies that come from SentencePiece. Runs of one character, whose merges stand mixed in files
  /// that transformers 4.38 to 4.57 made, score alike where that makes the same of every run.
  /// - Throws: `MohawkError` when it does not work.
  static func scores(
    _ merges: [(left: Int32, right: Int32)], _ tokenizer: Tokenizer, rows: Int
  ) throws -> [Float] {
    var scores = [Float](repeating: 0, count: rows)
    var ranks: [Int32: ClosedRange<Int>] = [:]
    var pairs: Set<Int64> = []
    for (rank, pair) in merges.enumerated() {
      guard let left = tokenizer.token(pair.left), let right = tokenizer.token(pair.right),
        let token = tokenizer.id(of: left + right)
      else { continue }
      pairs.insert(Int64(pair.left) << 32 | Int64(pair.right))
      ranks[token] = (ranks[token]?.lowerBound ?? rank)...rank
    }
    var groups: [(ranks: ClosedRange<Int>, tokens: [Int32])] = []
    for (token, range) in ranks.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
      if let last = groups.last, last.ranks.upperBound > range.lowerBound {
        let end = max(last.ranks.upperBound, range.upperBound)
        groups[groups.count - 1] = (last.ranks.lowerBound...end, last.tokens + [token])
      } else {
        groups.append((range, [token]))
      }
    }
    for (place, group) in groups.enumerated() {
      for token in group.tokens { scores[Int(token)] = -Float(place + 1) }
    }
    for group in groups where group.tokens.count > 1 {
      let runs = group.tokens.map { GGUFRunMerges.run(tokenizer.token($0))?.character }
      let mergeAlike = Set(runs).allSatisfy { character in
        character.map { GGUFRunMerges(of: $0, merges, scores, tokenizer).mergeAlike } ?? false
      }
      if !mergeAlike {
        throw refusal("the merges that make '\(tokenizer.token(group.tokens[0]) ?? "")' do not stand together")
      }
    }
    for token in ranks.keys {
      guard let text = tokenizer.token(token) else { continue }
      for border in text.unicodeScalars.indices.dropFirst() {
        guard let left = tokenizer.id(of: String(text.unicodeScalars[..<border])),
          let right = tokenizer.id(of: String(text.unicodeScalars[border...])),
          !pairs.contains(Int64(left) << 32 | Int64(right))
        else { continue }
        throw refusal("'\(text)' has parts that are tokens and do not merge")
      }
    }
    return scores
  }

  private static func refusal(_ reason: String) -> MohawkError {
    MohawkError(
      .unsupported, "the tokenizer's merges have no scores that llama.cpp could merge by: \(reason)",
      remedy: "write the file without the tokenizer; it then knows ids only")
  }
}
