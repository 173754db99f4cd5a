import MohawkFiles

extension GGUFTokenizer {
  /// The two tokens that a merge joins.
  typealias Pair = (left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)

  /// Longer tokens than this are refused where they have to be taken apart; the longest in use have 256 bytes.
  private static let longestPiece = 1024

  /// The merges of SentencePiece's tokens: every two tokens that make a token, in descending order of its score.
  ///
  /// llama.cpp merges the neighbours whose token scores highest, and of equal scores the leftmost, which ranks cannot say.
  /// As in transformers' conversions, of equal scores the longest left side goes first, so that runs of one character
  /// grow from the left.
  func pairs(scores: [Float]) throws -> [Pair] {
    var known = Set<ArraySlice<UInt8>>(minimumCapacity: tokens.count)
    for token in tokens { known.insert(ArraySlice(token.utf8)) }
    var found: [(pair: Pair, id: Int, characters: (left: Int, right: Int))] = []
    for (id, token) in tokens.enumerated() where kinds[id] != .byte {
      let bytes = ArraySlice(token.utf8)
      guard bytes.count <= Self.longestPiece else {
        throw MohawkError(
          .unsupported, "token \(id) has \(bytes.count) bytes; up to \(Self.longestPiece) are read", at: file.path)
      }
      let characters = token.unicodeScalars.count
      var before = 1
      // A border between characters is no continuation byte.
      for border in bytes.indices.dropFirst() where bytes[border] & 0xC0 != 0x80 {
        let pair = (left: bytes[..<border], right: bytes[border...])
        if known.contains(pair.left), known.contains(pair.right) {
          found.append((pair, id, (before, characters - before)))
        }
        before += 1
      }
    }
    found.sort { one, other in
      let (score, otherScore) = (scores[one.id], scores[other.id])
      if score != otherScore { return score > otherScore }
      if one.characters != other.characters { return one.characters > other.characters }
      return one.id < other.id
    }
    return found.map(\.pair)
  }

  /// The two sides of each of the file's merges: the first space behind the first character parts them. Of a repeated
  /// merge llama.cpp takes the first, and a `tokenizer.json` the last.
  func pairs(merges: [String]) throws -> [Pair] {
    var seen = Set<String>(minimumCapacity: merges.count)
    return try merges.enumerated().compactMap { rank, merge in
      guard seen.insert(merge).inserted else { return nil }
      let bytes = ArraySlice(merge.utf8)
      guard let space = bytes.dropFirst().firstIndex(of: 0x20) else {
        throw MohawkError(.invalidFormat, "merge \(rank) is not two tokens with a space between them", at: file.path)
      }
      return (bytes[..<space], bytes[(space + 1)...])
    }
  }
}
