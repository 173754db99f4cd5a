extension Tokenizer {
  /// Which tokens of a text stand for parts of it. A token that stands across the border of a part belongs to the part,
  /// as for transformers' `return_assistant_tokens_mask`.
  /// - Parameters:
  ///   - ids: those of `text`, without the ids of a template around them.
  ///   - text: the whole text.
  ///   - parts: ranges of its bytes, in ascending order.
  ///   - special: as the text was encoded.
  func tokens(
    _ ids: [Int32], of text: UnsafeBufferPointer<UInt8>, in parts: [Range<Int>], special: SpecialTokens
  ) -> [Range<Int>] {
    /// How many tokens lie before a place, and whether the next one stands across it.
    func border(_ place: Int) -> (count: Int, isCrossed: Bool) {
      let before = encode(UnsafeBufferPointer(rebasing: text[..<place]), special: special)
      let count = zip(ids, before).prefix { $0 == $1 }.count
      return (count, count < before.count)
    }
    return parts.map { part in
      let (start, end) = (border(part.lowerBound), border(part.upperBound))
      return start.count..<max(start.count, min(ids.count, end.count + (end.isCrossed ? 1 : 0)))
    }
  }
}
