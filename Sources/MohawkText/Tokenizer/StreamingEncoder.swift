/// Encodes a long document piece by piece, with the ids of the whole.
///
/// It encodes up to a place where no token can cross, a single space between two words, and keeps the rest for later.
/// Text without any such place is held up to 64 MiB.
public struct StreamingEncoder: Sendable {
  private let tokenizer: Tokenizer
  private let special: Tokenizer.SpecialTokens
  private var cutter: WordBoundarySplitter
  /// Where the next part of the document stands.
  private var place = Tokenizer.Place.start

  /// - Parameters:
  ///   - tokenizer: what gives the ids.
  ///   - special: what becomes of control tokens that stand in the text.
  public init(_ tokenizer: Tokenizer, special: Tokenizer.SpecialTokens = .matched) {
    self.tokenizer = tokenizer
    self.special = special
    // An added token with a space beside a letter could stand across the cut.
    let tokensAllow = !tokenizer.addedTokens.contains { token in
      token.stripsLeft || token.stripsRight
        || (token.content.utf8.contains(0x20) && token.content.unicodeScalars.contains { !$0.properties.isWhitespace })
    }
    let keepsSpaces = tokenizer.normalizer?.spaceReplacement == nil || tokenizer.preTokenizer.steps.isEmpty
    let normalizerAllows = keepsSpaces && tokenizer.normalizer?.canBeCut ?? true
    let cuttable =
      tokensAllow && normalizerAllows
      && tokenizer.preTokenizer.cutsBeforeSpaces(mergesKeepSpaces: tokenizer.cutsWordsBeforeSpaces)
    cutter = WordBoundarySplitter(canCut: cuttable)
  }

  /// Takes the next bytes of the document and appends the ids that are certain by now.
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    cutter.append(bytes) { part in
      place = tokenizer.encode(part, special: special, place: place, into: &ids)
    }
  }

  /// Appends the ids of what is left. The encoder is then ready for the next document.
  public mutating func finish(into ids: inout [Int32]) {
    cutter.finish { _ = tokenizer.encode($0, special: special, place: place, into: &ids) }
    place = .start
  }
}
