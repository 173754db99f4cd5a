import MohawkFiles

/// A byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019; Kudo and Richardson 2018): text to token ids and
/// back.
///
/// It reads what Hugging Face's `tokenizer.json` describes, in bytes as GPT-2, Phi, Pythia, Llama 3 and Qwen do or in
/// characters with bytes to fall back on as Llama 2, Mistral and Phi-3 do, and gives the ids and texts of the PyPI
/// package `tokenizers` 0.23.3. What is not supported is refused by name. One tokenizer may be used from many threads.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: "phi-1_5")
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
  /// The id that separates documents and ends a generated text: that of the `eos_token` when a folder was read that
  /// names one, else of the first usual name for it that is an added token.
  public let endOfText: Int32?
  /// The ids that end a generated text, ``endOfText`` first. Of a GGUF file also those that end a turn or a message.
  public let ends: [Int32]
  /// The id that begins a text: the one that the tokenizer's template puts first, else that of the `bos_token` when a
  /// folder was read that names one. Only the template's is added by `encode`: see ``textPrefix``.
  public let beginningOfText: Int32?
  /// The id that fills up batches: that of the `pad_token` when a folder was read that names one.
  public let padding: Int32?
  /// Ids that the tokenizer's template puts before each text, as Llama's `<s>`.
  public let textPrefix: [Int32]
  /// Ids that the tokenizer's template puts after each text.
  public let textSuffix: [Int32]

  let model: BytePairModel
  let normalizer: TextNormalizer?
  let decoder: TokenDecoder
  let plainMatcher: AddedTokenMatcher
  let normalizedMatcher: AddedTokenMatcher
  let workspaces = EncodingWorkspaces()
  /// Whether a word can hold a space between two words, so that it is worth while to look for one.
  let wordsHoldSpaces: Bool
  /// What the decoder gets for each token, one after the other; token `id` is `starts[id]..<starts[id + 1]`.
  let arena: [UInt8]
  let starts: [UInt32]
  let kinds: [TokenKind]
  /// Tokens that readable text leaves out.
  let skipped: Set<Int32>
  /// Entry of the vocabulary by id, -1 where there is none.
  let entries: [Int32]
  let addedIDs: [[UInt8]: Int32]
  /// The bytes that the tokenizer was read from.
  let source: [UInt8]?

  /// What an id stands for.
  enum TokenKind: UInt8 {
    /// A gap in the ids.
    case none
    /// An entry of the vocabulary.
    case vocabulary
    /// An added token beyond the vocabulary, as Phi-1.5's white space.
    case added
    /// An added token that the vocabulary holds too, as GPT-2's `<|endoftext|>`.
    case addedInVocabulary
  }

  /// Names of the token between documents, the first found is taken.
  static let endOfTextNames = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>"]

  init(_ parts: TokenizerParts) throws {
    let checked = try CheckedParts(parts)
    preTokenizer = parts.preTokenizer
    normalizer = parts.normalizer
    decoder = parts.decoder
    source = parts.source
    model = checked.model
    vocabularySize = checked.count
    highestID = Int32(checked.highest)
    addedTokens = checked.added
    addedIDs = checked.addedIDs
    entries = checked.entries
    plainMatcher = AddedTokenMatcher(checked.added.filter { !$0.normalized })
    normalizedMatcher = AddedTokenMatcher(checked.normalizedTokens)
    (arena, starts, kinds) = checked.tokenBytes()
    skipped = checked.skipped()
    fingerprint = checked.fingerprint()
    wordsHoldSpaces = parts.preTokenizer.wordsHoldSpaces
    textPrefix = parts.template.prefix
    textSuffix = parts.template.suffix
    let end =
      try checked.id(named: parts.names.end, "eos_token")
      ?? Self.endOfTextNames.lazy.compactMap { checked.addedIDs[Array($0.utf8)] }.first ?? parts.ends.first
    endOfText = end
    ends = (end.map { [$0] } ?? []) + parts.ends.filter { $0 != end }
    beginningOfText = try parts.template.prefix.last ?? checked.id(named: parts.names.beginning, "bos_token")
    padding = try checked.id(named: parts.names.padding, "pad_token")
  }

  /// Ids below the highest one that no token has.
  package var gaps: [Int] { kinds.indices.filter { kinds[$0] == .none } }

  var merges: MergeTable { model.merges }

  /// The id of each single byte of byte-level words.
  var byteIDs: [Int32] { model.byteIDs }

  /// The vocabulary file's spelling of a token, where `Ġ` or `▁` stands for a space; nil when no token has this id.
  public func token(_ id: Int32) -> String? {
    spelling(id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The id of a token by the vocabulary file's spelling; nil when there is none.
  public func id(of token: String) -> Int32? {
    addedIDs[Array(token.utf8)] ?? model.vocabulary.id(of: Array(token.utf8))
  }

  /// UTF-8 of the vocabulary file's spelling of a token; nil when no token has this id.
  func spelling(_ id: Int32) -> [UInt8]? {
    guard id >= 0, id <= highestID else { return nil }
    if entries[Int(id)] >= 0 { return Array(model.vocabulary.spelling(Int(entries[Int(id)]))) }
    return kinds[Int(id)] == .added ? addedTokens.first { $0.id == id }.map { Array($0.content.utf8) } : nil
  }

  /// What the decoder gets for `id`; nil when no token has this id.
  func tokenBytes(_ id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id <= highestID, kinds[Int(id)] != .none else { return nil }
    return arena[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
  }
}

/// What a tokenizer is made of, before it is checked.
struct TokenizerParts {
  /// Ids that are put around each text.
  struct Template {
    var prefix: [Int32] = []
    var suffix: [Int32] = []
  }

  /// Spellings of tokens with a role, from `tokenizer_config.json`.
  struct Names {
    var beginning: String?
    var end: String?
    var padding: String?
  }

  var normalizer: TextNormalizer?
  var preTokenizer = PreTokenizer.gpt2
  var options = BytePairModel.Options()
  var vocabulary: Vocabulary
  var merges: MergeSpellings
  /// In the order of the file.
  var added: [AddedToken]
  var template = Template()
  var decoder = TokenDecoder.byteLevel
  var names = Names()
  /// Ids that end a generated text.
  var ends: [Int32] = []
  /// The bytes of the file that they come from.
  var source: [UInt8]?
  /// Its name, for messages.
  var location: String?
}
