import MohawkFiles
import MohawkText

/// Tokens for made-up tasks: those of texts, and ordinary ones by chance.
final class TokenSource: @unchecked Sendable {  // never changes after init
  let tokenizer: Tokenizer
  /// Tokens that stand for text and have no other role.
  let ordinary: [Int32]
  /// What begins a text.
  let prefix: [Int32]

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    let added = Set(tokenizer.addedTokens.map(\.id))
    ordinary = (0...tokenizer.highestID).filter {
      tokenizer.token($0) != nil && !tokenizer.isSpecial($0) && !added.contains($0)
    }
    prefix = tokenizer.textPrefix
  }

  /// The tokens of a text without those of the template.
  func encode(_ text: String) -> [Int32] { tokenizer.encode(text) }

  /// A prompt with its answer, cut into tokens as one text; the answer is what follows the prompt's tokens.
  func problem(_ prompt: String, _ answer: String) -> RecallProblem {
    let before = prefix + encode(prompt)
    let whole = prefix + encode(prompt + answer)
    let ids = whole.starts(with: before) && whole.count > before.count ? whole : before + encode(answer)
    return RecallProblem(ids: ids, answers: [before.count..<ids.count])
  }

  /// Different ordinary tokens.
  /// - Throws: `MohawkError` when the tokenizer has too few.
  func distinct(_ count: Int, _ generator: inout SeededGenerator) throws -> [Int32] {
    guard count <= ordinary.count else {
      throw MohawkError(
        .outOfRange, "\(count) different tokens are needed, the tokenizer has \(ordinary.count)",
        remedy: "choose a smaller size")
    }
    return distinctPlaces(count, of: ordinary.count, &generator).map { ordinary[$0] }
  }
}

/// Different numbers below `bound`, in the order of their drawing.
func distinctPlaces(_ count: Int, of bound: Int, _ generator: inout SeededGenerator) -> [Int] {
  let order = SeededPermutation(count: bound, seed: generator.next())
  return (0..<count).map { order[$0] }
}
