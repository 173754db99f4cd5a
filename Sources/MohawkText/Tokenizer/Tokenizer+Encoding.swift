import Foundation

extension Tokenizer {
  /// What becomes of control tokens that stand in the text.
  public enum SpecialTokens: Sendable {
    /// `<|endoftext|>` in the text becomes its id.
    case matched
    /// `<|endoftext|>` in the text is ordinary text: for input that is not trusted.
    case asText
  }

  /// The ids of `text`.
  public func encode(_ text: String, special: SpecialTokens = .matched) -> [Int32] {
    var text = text
    return text.withUTF8 { encode($0, special: special) }
  }

  /// The ids of `bytes`, which need not be valid UTF-8.
  public func encode(_ bytes: [UInt8], special: SpecialTokens = .matched) -> [Int32] {
    bytes.withUnsafeBufferPointer { encode($0, special: special) }
  }

  /// The ids of `data`, which need not be valid UTF-8.
  public func encode(_ data: Data, special: SpecialTokens = .matched) -> [Int32] {
    data.withUnsafeBytes { $0.withMemoryRebound(to: UInt8.self) { encode($0, special: special) } }
  }

  /// The ids of `bytes`, which need not be valid UTF-8.
  public func encode(_ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens = .matched) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(bytes.count / 3 + 8)
    encode(bytes, special: special, into: &ids)
    return ids
  }

  /// Appends the ids of `bytes` to `ids`.
  public func encode(_ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens = .matched, into ids: inout [Int32]) {
    workspaces.borrow { workspace in
      // Tokens that are looked for in the raw text go first, as in the reference.
      split(bytes, plainMatcher, special, into: &ids) { rest, ids in
        split(rest, normalizedMatcher, special, into: &ids) { words, ids in
          encodeWords(words, workspace, into: &ids)
        }
      }
    }
  }

  private func split(
    _ bytes: UnsafeBufferPointer<UInt8>, _ matcher: AddedTokenMatcher, _ special: SpecialTokens,
    into ids: inout [Int32],
    plain: (UnsafeBufferPointer<UInt8>, inout [Int32]) -> Void
  ) {
    if matcher.isEmpty { return plain(bytes, &ids) }
    matcher.split(bytes, specialAsText: special == .asText) { piece in
      switch piece {
      case .token(let id): ids.append(id)
      case .plain(let text): plain(text, &ids)
      }
    }
  }

  private func encodeWords(
    _ bytes: UnsafeBufferPointer<UInt8>, _ workspace: EncodingWorkspace, into ids: inout [Int32]
  ) {
    guard let base = bytes.baseAddress else { return }
    let text = CharacterScanner(base, end: bytes.count)
    let cache = workspace.cache
    var start = 0
    while start < bytes.count {
      let end = preTokenizer.wordEnd(text, from: start)
      let length = end - start
      if length <= WordCache.longest {
        let key = WordCache.Key(base + start, length: length, readable: bytes.count - start)
        if !cache.append(key, to: &ids) {
          let symbols = merge(base + start, length, workspace)
          cache.remember(key, symbols)
          ids.append(contentsOf: symbols)
        }
      } else {
        ids.append(contentsOf: merge(base + start, length, workspace))
      }
      start = end
    }
  }

  /// The ids of one word; they stay valid until the workspace's next word.
  private func merge(
    _ word: UnsafePointer<UInt8>, _ length: Int, _ workspace: EncodingWorkspace
  ) -> UnsafeMutableBufferPointer<Int32> {
    workspace.reserve(length)
    let symbols = UnsafeMutableBufferPointer(rebasing: workspace.symbols[..<length])
    for index in 0..<length { symbols[index] = byteIDs[Int(word[index])] }
    return UnsafeMutableBufferPointer(rebasing: symbols[..<merges.apply(to: symbols)])
  }
}
