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
  /// - Parameters:
  ///   - text: the document or prompt.
  ///   - special: what becomes of control tokens in the text.
  ///   - addingSpecial: whether to put ``textPrefix`` before and ``textSuffix`` after the ids, as models expect of a
  ///     prompt.
  public func encode(_ text: String, special: SpecialTokens = .matched, addingSpecial: Bool = false) -> [Int32] {
    var text = text
    return text.withUTF8 { encode($0, special: special, addingSpecial: addingSpecial) }
  }

  /// The ids of `bytes`, which need not be valid UTF-8.
  public func encode(_ bytes: [UInt8], special: SpecialTokens = .matched, addingSpecial: Bool = false) -> [Int32] {
    bytes.withUnsafeBufferPointer { encode($0, special: special, addingSpecial: addingSpecial) }
  }

  /// The ids of `data`, which need not be valid UTF-8.
  public func encode(_ data: Data, special: SpecialTokens = .matched, addingSpecial: Bool = false) -> [Int32] {
    data.withUnsafeBytes {
      $0.withMemoryRebound(to: UInt8.self) { encode($0, special: special, addingSpecial: addingSpecial) }
    }
  }

  /// The ids of `bytes`, which need not be valid UTF-8.
  public func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens = .matched, addingSpecial: Bool = false
  ) -> [Int32] {
    var ids: [Int32] = addingSpecial ? textPrefix : []
    ids.reserveCapacity(bytes.count / 3 + 8)
    encode(bytes, special: special, into: &ids)
    if addingSpecial { ids.append(contentsOf: textSuffix) }
    return ids
  }

  /// Appends the ids of `bytes` to `ids`, without those of the template.
  public func encode(_ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens = .matched, into ids: inout [Int32]) {
    _ = encode(bytes, special: special, place: .start, into: &ids)
  }

  /// Where a part of a document stands in it.
  enum Place: Sendable {
    case start, afterToken, afterText
  }

  /// Appends the ids of a part of a document.
  /// - Returns: where the next part will stand.
  func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens, place: Place, into ids: inout [Int32]
  ) -> Place {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return place }
    var next = Place.afterToken
    workspaces.borrow { workspace in
      // Tokens that are looked for in the raw text go first, as in the reference.
      split(bytes, plainMatcher, special, into: &ids) { rest, ids in
        guard let restBase = rest.baseAddress else { return }
        let isStart = restBase == base
        let start = normalize(rest, continues: isStart && place == .afterText)
        let isFirst = isStart && place == .start && start.keepsStart
        let encodeRest = { (text: UnsafeBufferPointer<UInt8>, ids: inout [Int32]) in
          self.split(text, self.normalizedMatcher, special, into: &ids) { piece, ids in
            guard let base = piece.baseAddress else { return }
            let span = TextSpan(base, piece.count, isFirst: isFirst && base == text.baseAddress)
            self.encode(span, step: 0, workspace, into: &ids)
          }
        }
        if let changed = start.bytes {
          changed.withUnsafeBufferPointer { encodeRest($0, &ids) }
        } else {
          encodeRest(rest, &ids)
        }
        next = restBase + rest.count == base + bytes.count ? .afterText : .afterToken
      }
    }
    return next
  }

  private func normalize(
    _ text: UnsafeBufferPointer<UInt8>, continues: Bool
  ) -> (bytes: [UInt8]?, keepsStart: Bool) {
    normalizer?.normalized(text, continues: continues) ?? (nil, true)
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
}
