import MohawkFiles

/// Learns a byte-level BPE vocabulary from text (Sennrich et al. 2016).
///
/// Ids are given to the special tokens first, then to the 256 bytes, then to the merges in the order of their making.
/// The most frequent pair is merged first, of several the one with the smallest ids: the result depends on the text only
/// and equals that of the PyPI package `tokenizers` (`BpeTrainer` with the byte-level alphabet).
///
/// ```swift
/// var trainer = BytePairTrainer()
/// trainer.add(text)
/// let tokenizer = try trainer.train(vocabularySize: 4096)
/// ```
public struct BytePairTrainer: Sendable {
  private var words = WordCounts()
  private let specialTokens: [String]
  private let minimumCount: Int

  /// - Parameters:
  ///   - specialTokens: tokens that stand for no text; they get the first ids.
  ///   - minimumCount: rarer pairs are not merged.
  public init(specialTokens: [String] = ["<|endoftext|>"], minimumCount: Int = 2) {
    precondition(minimumCount >= 1, "minimumCount must be at least 1, got \(minimumCount)")
    self.specialTokens = specialTokens
    self.minimumCount = minimumCount
  }

  /// Counts the words of a document, or of a part of it that ends at a word's border.
  public mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    guard let base = text.baseAddress else { return }
    let scanner = CharacterScanner(base, end: text.count)
    var start = 0
    while start < text.count {
      let end = GPT2Words.wordEnd(scanner, from: start)
      words.add(UnsafeBufferPointer(rebasing: text[start..<end]))
      start = end
    }
  }

  /// Counts the words of a document.
  public mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add($0) }
  }

  /// Learns merges until the vocabulary has `vocabularySize` tokens, or until no pair is frequent enough.
  /// - Parameters:
  ///   - vocabularySize: entries in all, with bytes and special tokens.
  ///   - progress: told the size of the vocabulary now and then.
  ///   - shouldStop: asked now and then; true ends the work.
  /// - Throws: `MohawkError` when no text was added, when the size leaves no room for the bytes, when a special token is
  ///   empty or repeated, or `interrupted` when `shouldStop` says so.
  public func train(
    vocabularySize: Int, progress: (Int) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws -> Tokenizer {
    let smallest = specialTokens.count + 256
    guard vocabularySize >= smallest else {
      throw MohawkError(
        .invalidValue,
        "a vocabulary of \(vocabularySize) tokens cannot hold the 256 bytes and \(specialTokens.count) special tokens",
        at: "vocabularySize", remedy: "choose \(smallest) or more")
    }
    guard words.count > 0 else {
      throw MohawkError(.invalidValue, "there is no text to learn a vocabulary from", remedy: "name a corpus with text")
    }
    guard Set(specialTokens.map { Array($0.utf8) }).count == specialTokens.count, !specialTokens.contains("") else {
      throw MohawkError(.invalidValue, "special tokens must be different and not empty", at: "specialTokens")
    }
    var learner = MergeLearner(words, firstByteID: specialTokens.count)
    while specialTokens.count + learner.tokens.count < vocabularySize, learner.mergeNext(minimumCount) {
      if learner.merges.count % 64 == 0 {
        progress(specialTokens.count + learner.tokens.count)
        if shouldStop() { throw MohawkError(.interrupted, "learning the vocabulary was interrupted") }
      }
    }
    progress(specialTokens.count + learner.tokens.count)
    return try Tokenizer(try parts(learner))
  }

  private func parts(_ learner: MergeLearner) throws -> TokenizerParts {
    let first = specialTokens.count
    let spellings = learner.tokens.map { ByteAlphabet.spelling(of: $0) }
    var vocabulary = Vocabulary()
    for spelling in specialTokens.map({ Array($0.utf8) }) + spellings {
      guard vocabulary.insert(spelling, id: Int32(vocabulary.count)) else {
        throw MohawkError(
          .invalidValue,
          "the special token \"\(String(decoding: spelling, as: UTF8.self))\" is also a token of the text",
          at: "specialTokens", remedy: "give it a name that does not occur")
      }
    }
    var merges = MergeSpellings()
    for merge in learner.merges {
      merges.append(spellings[Int(merge.left) - first], spellings[Int(merge.right) - first])
    }
    return TokenizerParts(
      vocabulary: vocabulary, merges: merges,
      added: specialTokens.enumerated().map { AddedToken(id: Int32($0), content: $1) })
  }
}
