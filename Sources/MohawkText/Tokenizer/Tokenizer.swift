import MohawkFiles

/// A byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): text to token ids and back.
///
/// Any bytes can be encoded, valid UTF-8 or not, and come back unchanged. One tokenizer may be used from many threads.
///
/// ```swift
/// let tokenizer = try Tokenizer(path: "phi-1_5/tokenizer.json")
/// let ids = tokenizer.encode("Hello world")
/// let text = try tokenizer.decode(ids)
/// ```
public final class Tokenizer: Sendable {
  /// How many tokens there are, added ones included. Ids may have gaps: see ``highestID``.
  public let vocabularySize: Int
  /// The largest id. A model needs at least `highestID + 1` rows in its embedding.
  public let highestID: Int32
  /// Tokens that are matched before the text is cut into words, in ascending order of id.
  public let addedTokens: [AddedToken]
  /// How text is cut into words.
  public let preTokenizer: PreTokenizer
  /// A stable hash of everything that decides ids, as 16 hexadecimal digits: equal for equal tokenizers only.
  public let fingerprint: String
  /// The id that separates documents, when the vocabulary has one of the usual names for it.
  public let endOfText: Int32?

  let merges: MergeTable
  /// The id of each single byte.
  let byteIDs: [Int32]
  let plainMatcher: AddedTokenMatcher
  let normalizedMatcher: AddedTokenMatcher
  let workspaces = EncodingWorkspaces()
  /// Bytes of all tokens, one after the other; token `id` is `starts[id]..<starts[id + 1]`.
  let arena: [UInt8]
  let starts: [UInt32]
  let kinds: [TokenKind]
  /// Ids by the vocabulary file's spelling.
  let idsBySpelling: [[UInt8]: Int32]

  /// What an id stands for.
  enum TokenKind: UInt8 {
    /// A gap in the ids.
    case none
    /// Bytes, spelled in the byte alphabet.
    case bytes
    /// Text that the vocabulary spells as it is.
    case verbatim
    /// An added token beyond the vocabulary, as Phi-1.5's white space.
    case added
    /// An added token that the vocabulary holds too, as GPT-2's `<|endoftext|>`.
    case addedInVocabulary
  }

  /// Names of the token between documents, the first found is taken.
  static let endOfTextNames = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"]

  init(_ parts: TokenizerParts) throws {
    let checked = try CheckedParts(parts)
    preTokenizer = parts.preTokenizer
    vocabularySize = checked.count
    highestID = Int32(checked.highest)
    addedTokens = checked.added
    merges = MergeTable(pairs: checked.pairs, results: checked.results)
    byteIDs = checked.byteIDs
    idsBySpelling = checked.ids
    plainMatcher = AddedTokenMatcher(addedTokens.filter { !$0.normalized })
    normalizedMatcher = AddedTokenMatcher(addedTokens.filter { $0.normalized })
    (arena, starts, kinds) = checked.tokenBytes()
    fingerprint = checked.fingerprint()
    let added = addedTokens
    endOfText = Self.endOfTextNames.lazy.compactMap { name in added.first { $0.content == name }?.id }.first
  }

  /// The vocabulary file's spelling of a token, where `Ġ` stands for a space; nil when no token has this id.
  public func token(_ id: Int32) -> String? {
    spelling(id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The id of a token by the vocabulary file's spelling; nil when there is none.
  public func id(of token: String) -> Int32? {
    idsBySpelling[Array(token.utf8)]
  }

  /// UTF-8 of the vocabulary file's spelling of a token; nil when no token has this id.
  func spelling(_ id: Int32) -> [UInt8]? {
    guard let bytes = tokenBytes(id) else { return nil }
    return kinds[Int(id)] == .bytes ? ByteAlphabet.spelling(of: bytes) : Array(bytes)
  }

  /// The bytes that `id` stands for; nil when no token has this id.
  func tokenBytes(_ id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id <= highestID, kinds[Int(id)] != .none else { return nil }
    return arena[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
  }
}

/// What a tokenizer is made of, before it is checked.
struct TokenizerParts {
  var preTokenizer = PreTokenizer.gpt2
  /// Spellings in the byte alphabet (UTF-8) with their ids.
  var vocabulary: [(spelling: [UInt8], id: Int)]
  /// Spellings of the two sides of each merge, by rank.
  var merges: [(left: [UInt8], right: [UInt8])]
  var added: [AddedToken]
  /// The file that they come from, for messages.
  var location: String?
}
