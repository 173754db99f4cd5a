import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText

/// A tokenizer as GGUF files hold it: tokens, their kinds, merges or scores, and ids with a meaning.
struct GGUFVocabulary {
  /// What llama.cpp takes a token for.
  enum Kind: Int32 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// How llama.cpp cuts text and merges.
  enum Scheme: Equatable {
    /// Merges by rank of words cut as the name says.
    case bytePairs(pre: String)
    /// Merges by score over the whole text, after SentencePiece.
    case sentencePiece(spaceInFront: Bool)
  }

  let scheme: Scheme
  /// One per row of the embedding.
  private(set) var tokens: [String] = []
  private(set) var kinds: [Kind] = []
  let merges: [String]
  /// By id, for SentencePiece; else empty.
  let scores: [Float]
  let roles: GGUFTokenRoles

  /// - Parameter isNearest: whether other spaces before some texts are accepted.
  /// - Throws: `MohawkError` when llama.cpp would read texts otherwise, or the tokenizer does not fit the model.
  init(_ tokenizer: Tokenizer, for configuration: DecoderConfiguration, isNearest: Bool = false) throws {
    let rows = configuration.vocabulary
    try tokenizer.requireFit(rows: rows)
    let facts = tokenizer.facts
    scheme = try Scheme(tokenizer, facts, isNearest: isNearest)
    try Self.requirePlain(tokenizer.addedTokens, scheme)
    roles = try GGUFTokenRoles(tokenizer, configuration, unknown: facts.unknown)
    switch scheme {
    case .bytePairs:
      merges = Self.spelled(facts.merges, tokenizer)
      scores = []
    case .sentencePiece:
      merges = []
      scores = try Self.scores(facts.merges, tokenizer, rows: rows)
    }
    takeTokens(tokenizer, facts, rows)
  }

  /// Refuses tokens that llama.cpp would find in other places of a text.
  private static func requirePlain(_ tokens: [AddedToken], _ scheme: Scheme) throws {
    let isPrefixed = scheme == .sentencePiece(spaceInFront: true)
    for token in tokens {
      // A token of normalised text stands behind the space in front, and what follows it gets none of its own.
      let flags = [
        ("single_word", token.singleWord), ("lstrip", token.stripsLeft), ("rstrip", token.stripsRight),
        ("normalized", token.normalized && isPrefixed),
      ].filter(\.1).map(\.0)
      if !flags.isEmpty {
        throw Scheme.refusal(
          "the added token '\(token.content.prefix(60))' has the flag \(flags.joined(separator: ", ")), which GGUF files "
            + "do not have")
      }
    }
  }

  private mutating func takeTokens(_ tokenizer: Tokenizer, _ facts: Tokenizer.Facts, _ rows: Int) {
    let added = Dictionary(uniqueKeysWithValues: tokenizer.addedTokens.map { ($0.id, $0) })
    var texts: [String?] = (0..<rows).map { $0 <= Int(tokenizer.highestID) ? tokenizer.token(Int32($0)) : nil }
    kinds = texts.enumerated().map { id, text in
      guard let text else { return .unused }
      if Int32(id) == facts.unknown, !facts.isByteLevel { return .unknown }
      if let token = added[Int32(id)] { return token.special ? .control : .userDefined }
      return !facts.isByteLevel && Self.isByte(text) ? .byte : .normal
    }
    // llama.cpp ends the process when two tokens have one text.
    let taken = Set(texts.compactMap { $0 })
    for id in texts.indices where texts[id] == nil {
      var text = "[PAD\(id)]"
      while taken.contains(text) { text = "[\(text)]" }
      texts[id] = text
    }
    tokens = texts.compactMap { $0 }
  }

  /// Whether a token is one of `<0x00>` to `<0xFF>`.
  private static func isByte(_ text: String) -> Bool {
    text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
      && UInt8(text.dropFirst(3).dropLast(), radix: 16) != nil
  }

  /// `left right` of each merge; llama.cpp takes the first of a repeated pair, so only the one that counts is written.
  private static func spelled(_ merges: [(left: Int32, right: Int32)], _ tokenizer: Tokenizer) -> [String] {
    var seen: Set<Int64> = []
    var last: [Bool] = merges.map { _ in true }
    for (rank, pair) in merges.enumerated().reversed() {
      last[rank] = seen.insert(Int64(pair.left) << 32 | Int64(pair.right)).inserted
    }
    return merges.indices.compactMap { rank in
      guard last[rank], let left = tokenizer.token(merges[rank].left), let right = tokenizer.token(merges[rank].right)
      else { return nil }
      return "\(left) \(right)"
    }
  }

  /// Sets the keys `tokenizer.ggml.…`.
  func set(in draft: inout GGUFDraft) {
    func key(_ name: String) -> String { "tokenizer.ggml." + name }
    switch scheme {
    case .bytePairs(let pre):
      draft.set(key("model"), .string("gpt2"))
      draft.set(key("pre"), .string(pre))
    case .sentencePiece:
      draft.set(key("model"), .string("llama"))
      draft.set(key("pre"), .string("default"))
    }
    draft.set(key("tokens"), .array(.string(tokens)))
    draft.set(key("token_type"), .array(.int32(kinds.map(\.rawValue))))
    switch scheme {
    case .bytePairs: draft.set(key("merges"), .array(.string(merges)))
    case .sentencePiece(let spaceInFront):
      draft.set(key("scores"), .array(.float32(scores)))
      draft.set(key("add_space_prefix"), .bool(spaceInFront))
      draft.set(key("remove_extra_whitespaces"), .bool(false))
    }
    for (name, id) in roles.ids { draft.set(key(name + "_token_id"), .uint32(UInt32(id))) }
    draft.set(key("add_bos_token"), .bool(roles.addsBeginning))
    draft.set(key("add_eos_token"), .bool(roles.addsEnd))
  }
}
