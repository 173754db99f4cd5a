import MohawkFiles

extension Tokenizer {
  /// The bytes that `ids` stand for, also where they are not UTF-8.
  /// - Parameters:
  ///   - ids: the tokens.
  ///   - skippingSpecial: leave control tokens such as `<|endoftext|>` out.
  /// - Throws: `MohawkError` naming the first id that no token has.
  public func decodeBytes(_ ids: some Sequence<Int32>, skippingSpecial: Bool = false) throws -> [UInt8] {
    try decode(ids, skippingSpecial: skippingSpecial, keepsBytes: true)
  }

  /// The text that `ids` stand for. Bytes that are not UTF-8 become U+FFFD, as in the reference.
  /// - Throws: `MohawkError` naming the first id that no token has.
  public func decode(_ ids: some Sequence<Int32>, skippingSpecial: Bool = false) throws -> String {
    String(decoding: try decode(ids, skippingSpecial: skippingSpecial, keepsBytes: false), as: UTF8.self)
  }

  /// Whether `id` is a control token, which readable text leaves out.
  public func isSpecial(_ id: Int32) -> Bool { skipped.contains(id) }

  private func decode(_ ids: some Sequence<Int32>, skippingSpecial: Bool, keepsBytes: Bool) throws -> [UInt8] {
    if case .byteLevel = decoder {
      var result: [UInt8] = []
      for id in ids {
        guard let token = try decodable(id, skippingSpecial: skippingSpecial) else { continue }
        result.append(contentsOf: token)
      }
      return result
    }
    var decoding = TokenDecoding(decoder, keepsBytes: keepsBytes)
    for id in ids {
      if let token = try decodable(id, skippingSpecial: skippingSpecial) { decoding.append(token) }
    }
    decoding.finish()
    return decoding.output
  }

  /// What the decoder gets for `id`; nil when it is left out.
  func decodable(_ id: Int32, skippingSpecial: Bool) throws -> ArraySlice<UInt8>? {
    guard let token = tokenBytes(id) else {
      throw MohawkError(
        .outOfRange,
        "the token id \(id) is not in the vocabulary of \(vocabularySize) tokens (highest id \(highestID))",
        remedy: "use the tokenizer that the ids were made with")
    }
    return skippingSpecial && skipped.contains(id) ? nil : token
  }
}
