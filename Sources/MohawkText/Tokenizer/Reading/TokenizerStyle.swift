/// The parts that a class of transformers 5 makes, whatever `tokenizer.json` says.
struct TokenizerStyle {
  /// A section of `tokenizer.json`; `spaced` is whether a space stands before texts.
  typealias Section = @Sendable (_ spaced: Bool, _ isLegacy: Bool) -> String

  let normalizer: String
  let preTokenizer: Section
  let decoder: Section
  /// Whether characters that are no tokens become bytes.
  var fallsBackToBytes = false
  /// Whether the unknown token stands for what cannot be encoded.
  var hasUnknown = false
  /// Whether texts begin with a space where `add_prefix_space` does not say so.
  var isSpaced = false
  /// Tokens with a role where no file names them.
  let roles: [String: String]
  /// Further tokens that the class adds.
  var extraTokens: [String] = []
  /// Whether flags of tokens with a role are those of a new token.
  var resetsRoles = false
  /// Whether `vocab.json` and `merges.txt` are read in place of `tokenizer.json`.
  var readsPairs = true
  /// Whether the tokens around texts are those of the flags, not of `tokenizer.json`; which flags are given is the value
  /// for `add_bos_token` where no file is read.
  var template = Template.fromFile

  enum Template {
    case fromFile
    /// None around any text, unless a folder without `tokenizer.json` says so.
    case none
    /// The beginning of a text.
    case beginning
  }

  static func named(_ name: String) -> TokenizerStyle? { all[name] }

  private static let all: [String: TokenizerStyle] = {
    let end = "<|endoftext|>"
    let bytes = ["bos_token": end, "eos_token": end, "unk_token": end]
    let gpt2 = TokenizerStyle(
      normalizer: "null", preTokenizer: { spaced, _ in byteLevel(spaced) }, decoder: { _, _ in byteLevel(false) },
      roles: bytes)
    var neoX = TokenizerStyle(
      normalizer: nfc, preTokenizer: gpt2.preTokenizer, decoder: gpt2.decoder,
      roles: bytes.merging(["pad_token": "<|padding|>"]) { $1 })
    neoX.template = .none
    let cohere = TokenizerStyle(
      normalizer: nfc,
      preTokenizer: { spaced, _ in sequence([#"{"type": "Digits", "individual_digits": true}"#, byteLevel(spaced)]) },
      decoder: gpt2.decoder,
      roles: [
        "unk_token": "<UNK>", "bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "pad_token": "<PAD>",
        "cls_token": "<CLS>", "sep_token": "<SEP>", "mask_token": "<MASK_TOKEN>",
      ], readsPairs: false)
    let llama = pieces(first: { $0 ? "always" : "first" }, hasUnknown: false)
    return [
      "GPT2Tokenizer": gpt2, "CodeGenTokenizer": gpt2, "GPTNeoXTokenizer": neoX, "CohereTokenizer": cohere,
      "Qwen2Tokenizer": qwen(Llama3Words.pattern(digits: #"\p{N}"#), resetsRoles: true),
      "Qwen3_5Tokenizer": qwen(qwen35Words, resetsRoles: false),
      "GemmaTokenizer": gemma, "LlamaTokenizer": llama, "Phi3Tokenizer": llama, "CodeLlamaTokenizer": codeLlama,
    ]
  }()

  private static let nfc = #"{"type": "NFC"}"#
  private static let qwen35Words =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
    + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

  private static func qwen(_ words: String, resetsRoles: Bool) -> TokenizerStyle {
    let end = "<|endoftext|>"
    return TokenizerStyle(
      normalizer: nfc,
      preTokenizer: { spaced, _ in
        let split =
          #"{"type": "Split", "pattern": {"Regex": \#(quoted(words))}, "behavior": "Isolated", "invert": false}"#
        return sequence([split, byteLevel(spaced, words: false)])
      }, decoder: { _, _ in byteLevel(false) },
      roles: ["unk_token": end, "eos_token": end, "pad_token": end], resetsRoles: resetsRoles)
  }

  private static let gemma = TokenizerStyle(
    normalizer: #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#,
    preTokenizer: { _, _ in
      #"{"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}"#
    }, decoder: { _, _ in sequence(pieceDecoders, "decoders") }, fallsBackToBytes: true, hasUnknown: true,
    roles: [
      "unk_token": "<unk>", "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "mask_token": "<mask>",
    ], readsPairs: false)

  private static let codeLlama: TokenizerStyle = {
    var style = pieces(first: { _ in "first" }, hasUnknown: true)
    style.extraTokens = ["▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>", "<FILL_ME>"]
    style.template = .beginning
    return style
  }()

  /// SentencePiece's way: a space is a visible character, and one stands before the first word.
  private static func pieces(first: @escaping @Sendable (Bool) -> String, hasUnknown: Bool) -> TokenizerStyle {
    TokenizerStyle(
      normalizer: "null",
      preTokenizer: { spaced, isLegacy in
        let scheme = spaced ? first(isLegacy) : "never"
        return #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": false}"#
      },
      decoder: { spaced, _ in
        let strip = #"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#
        return sequence(pieceDecoders + (spaced || hasUnknown ? [strip] : []), "decoders")
      }, fallsBackToBytes: true, hasUnknown: hasUnknown, isSpaced: true,
      roles: ["unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"], readsPairs: false)
  }

  private static let pieceDecoders = [
    #"{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}"#, #"{"type": "ByteFallback"}"#,
    #"{"type": "Fuse"}"#,
  ]

  private static func byteLevel(_ spaced: Bool, words: Bool = true) -> String {
    #"{"type": "ByteLevel", "add_prefix_space": \#(spaced), "trim_offsets": true, "use_regex": \#(words)}"#
  }

  private static func sequence(_ parts: [String], _ key: String = "pretokenizers") -> String {
    #"{"type": "Sequence", "\#(key)": [\#(parts.joined(separator: ", "))]}"#
  }

  static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    JSONText.append(text.utf8, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
