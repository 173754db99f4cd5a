import MohawkText

/// How single tokens are written.
public struct TokenNames: Sendable {
  let tokenizer: Tokenizer

  /// Of a tokenizer.
  public init(tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The bytes of a token as it stands inside a text; of an id that is no token, none.
  public func bytes(_ id: Int32) -> [UInt8] {
    // A decoder may change what stands first in a text, so the token is looked at behind itself.
    guard let once = try? tokenizer.decodeBytes([id]), let twice = try? tokenizer.decodeBytes([id, id]) else {
      return []
    }
    return Array(twice.dropFirst(once.count))
  }

  /// The text of a token, with U+FFFD for what is no whole character.
  public func text(_ id: Int32) -> String {
    tokenizer.token(id) == nil ? "token_id:\(id)" : String(decoding: bytes(id), as: UTF8.self)
  }

  /// A name that differs between tokens which are not whole characters.
  public func name(_ id: Int32) -> String {
    guard tokenizer.token(id) != nil else { return "token_id:\(id)" }
    let bytes = bytes(id)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return "bytes:" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
