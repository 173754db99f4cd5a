import MohawkFiles
import MohawkText

extension GGUFVocabulary {
  /// Scores by which SentencePiece's merging, always the pair whose token scores highest, does the merges in their
  /// order: minus the place of the first merge that makes the token. Tokens that no merge makes score 0.
  ///
  /// That works when the merges that make a token stand together, and when every two tokens that make a token are a
  /// merge, as in all vocabularies that come from SentencePiece.
  /// - Throws: `MohawkError` when it does not work.
  static func scores(
    _ merges: [(left: Int32, right: Int32)], _ tokenizer: Tokenizer, rows: Int
  ) throws -> [Float] {
    var scores = [Float](repeating: 0, count: rows)
    var made: [Int32: Int] = [:]
    var pairs: Set<Int64> = []
    var previous: Int32 = -1
    for pair in merges {
      guard let left = tokenizer.token(pair.left), let right = tokenizer.token(pair.right),
        let token = tokenizer.id(of: left + right)
      else { continue }
      pairs.insert(Int64(pair.left) << 32 | Int64(pair.right))
      guard token != previous else { continue }
      previous = token
      guard made[token] == nil else {
        throw refusal("the merges that make '\(left + right)' do not stand together")
      }
      made[token] = made.count
      scores[Int(token)] = -Float(made.count)
    }
    for token in made.keys {
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
