import MohawkFiles

extension Tokenizer {
  /// The bytes that `ids` stand for.
  /// - Parameters:
  ///   - ids: the tokens.
  ///   - skippingSpecial: leave control tokens such as `<|endoftext|>` out.
  /// - Throws: `MohawkError` naming the first id that no token has.
  public func decodeBytes(_ ids: some Sequence<Int32>, skippingSpecial: Bool = false) throws -> [UInt8] {
    var result: [UInt8] = []
    for id in ids { try append(id, to: &result, skippingSpecial: skippingSpecial) }
    return result
  }

  /// The text that `ids` stand for. Bytes that are not UTF-8 become U+FFFD.
  /// - Throws: `MohawkError` naming the first id that no token has.
  public func decode(_ ids: some Sequence<Int32>, skippingSpecial: Bool = false) throws -> String {
    String(decoding: try decodeBytes(ids, skippingSpecial: skippingSpecial), as: UTF8.self)
  }

  /// Whether `id` is a control token.
  public func isSpecial(_ id: Int32) -> Bool {
    addedTokens.contains { $0.id == id && $0.special }
  }

  func append(_ id: Int32, to bytes: inout [UInt8], skippingSpecial: Bool) throws {
    guard let token = tokenBytes(id) else {
      throw MohawkError(
        .outOfRange,
        "the token id \(id) is not in the vocabulary of \(vocabularySize) tokens (highest id \(highestID))",
        remedy: "use the tokenizer that the ids were made with")
    }
    if skippingSpecial, kinds[Int(id)] != .bytes, isSpecial(id) { return }
    bytes.append(contentsOf: token)
  }
}
