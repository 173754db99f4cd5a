/// Turns ids into text one at a time. A character whose bytes are spread over several tokens comes out when it is whole.
///
/// The outputs, put together, equal `decode` of all the ids. A run of tokens such as `<0xE4>` comes out when another
/// token follows: only then is it known whether the run is text.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skippingSpecial: Bool
  private var pending: [UInt8] = []
  /// Nil for byte-level tokens, which need none.
  private var decoding: TokenDecoding?

  /// - Parameters:
  ///   - tokenizer: where the ids come from.
  ///   - skippingSpecial: leave control tokens out.
  public init(_ tokenizer: Tokenizer, skippingSpecial: Bool = false) {
    self.tokenizer = tokenizer
    self.skippingSpecial = skippingSpecial
    decoding = Self.decoding(tokenizer)
  }

  private static func decoding(_ tokenizer: Tokenizer) -> TokenDecoding? {
    if case .byteLevel = tokenizer.decoder { return nil }
    return TokenDecoding(tokenizer.decoder, keepsBytes: false)
  }

  /// The text that `id` completes, maybe none.
  /// - Throws: `MohawkError` when no token has this id.
  public mutating func append(_ id: Int32) throws -> String {
    guard let token = try tokenizer.decodable(id, skippingSpecial: skippingSpecial) else { return "" }
    if decoding == nil {
      pending.append(contentsOf: token)
    } else {
      decoding!.append(token)
      pending.append(contentsOf: decoding!.takeOutput())
    }
    let complete = pending.count - Self.incompleteTail(of: pending)
    defer { pending.removeFirst(complete) }
    return String(decoding: pending[..<complete], as: UTF8.self)
  }

  /// What is left when no more ids come: the start of a character that was never finished becomes U+FFFD.
  public mutating func finish() -> String {
    if decoding != nil {
      decoding!.finish()
      pending.append(contentsOf: decoding!.takeOutput())
      decoding = Self.decoding(tokenizer)
    }
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// How many bytes at the end are the start of a character that may still be completed.
  static func incompleteTail(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let lead = bytes[bytes.count - length]
      if lead & 0xC0 == 0x80 { continue }
      let needed =
        lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 && lead < 0xE0 ? 2 : 1
      if needed <= length { return 0 }
      return length >= 2 && !canFollow(bytes[bytes.count - length + 1], lead) ? 0 : length
    }
    return 0
  }

  /// Some leads allow only part of the continuation bytes: no overlong forms, surrogates or scalars past U+10FFFF.
  private static func canFollow(_ second: UInt8, _ lead: UInt8) -> Bool {
    switch lead {
    case 0xE0: second >= 0xA0
    case 0xED: second < 0xA0
    case 0xF0: second >= 0x90
    case 0xF4: second < 0x90
    default: true
    }
  }
}
