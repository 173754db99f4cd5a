import MohawkFiles
import MohawkGGUF

/// The tokenizer in the metadata of a GGUF file, as what a `tokenizer.json` says.
///
/// Source of the keys' meaning: the GGUF description in the ggml repository, and `llama-vocab.cpp` of llama.cpp.
package struct GGUFTokenizer {
  /// What llama.cpp takes a token for.
  enum Kind: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// How text becomes tokens.
  enum Scheme {
    /// Merges by rank of words that are cut by a pre-tokenizer.
    case bytePairs(GGUFPreTokenizer, merges: [String])
    /// Merges by score, after SentencePiece.
    case sentencePiece(scores: [Float], spaceInFront: Bool)
  }

  let file: GGUFFile
  let scheme: Scheme
  let tokens: [String]
  let kinds: [Kind]
  /// By the names that the keys have before `_token_id`.
  let roles: [String: Int]
  let addsBeginning: Bool
  let addsEnd: Bool

  /// Reads and checks the metadata of a file.
  /// - Throws: `MohawkError` when the file has no tokenizer, a damaged one, or one of a kind that is not supported.
  package init(path: String) throws {
    file = try GGUFFile(path)
    guard let model = try Self.model(file) else {
      throw MohawkError(
        .missingFile, "the file has no tokenizer", at: path, remedy: "use a tokenizer.json of the same model")
    }
    guard model == "gpt2" || model == "llama" else {
      throw MohawkError(
        .unsupported, "the tokenizer is of the kind '\(model.prefix(60))'; 'gpt2' and 'llama' are read", at: path,
        remedy: "use a tokenizer.json of the same model")
    }
    guard let texts = try file.strings("tokenizer.ggml.tokens"), !texts.isEmpty else {
      throw MohawkError(.invalidFormat, "tokenizer.ggml.tokens is missing or empty", at: path)
    }
    tokens = texts.enumerated().map { $1.isEmpty ? "[EMPTY_\($0)]" : $1 }
    kinds = try Self.kinds(file, tokens)
    let isSentencePiece = model == "llama"
    scheme = isSentencePiece ? try Self.sentencePiece(file, texts.count) : try Self.bytePairs(file)
    roles = try Self.roles(file, count: texts.count, usual: isSentencePiece ? ["bos": 1, "eos": 2, "unknown": 0] : [:])
    addsBeginning = try Self.adds("bos", file, roles, usual: scheme.addsBeginning)
    addsEnd = try Self.adds("eos", file, roles, usual: false)
  }

  /// The kind of a file's tokenizer; nil when it has none.
  private static func model(_ file: GGUFFile) throws -> String? {
    let model = try file.string("tokenizer.ggml.model")
    return model == "no_vocab" || model == "none" ? nil : model
  }

  /// The tokenizer of a file; nil when it has none.
  package static func find(in path: String) throws -> GGUFTokenizer? {
    try model(GGUFFile(path)) == nil ? nil : GGUFTokenizer(path: path)
  }

  /// The spelling of a token with a role.
  func token(_ role: String) -> String? { roles[role].map { tokens[$0] } }

  private static func bytePairs(_ file: GGUFFile) throws -> Scheme {
    guard let merges = try file.strings("tokenizer.ggml.merges") else {
      throw MohawkError(.invalidFormat, "tokenizer.ggml.merges is missing", at: file.path)
    }
    let name = try file.string("tokenizer.ggml.pre") ?? ""
    return .bytePairs(try GGUFPreTokenizer.named(name.isEmpty ? "default" : name, at: file.path), merges: merges)
  }

  private static func sentencePiece(_ file: GGUFFile, _ count: Int) throws -> Scheme {
    guard let scores = try file.floats("tokenizer.ggml.scores"), scores.count == count else {
      throw MohawkError(
        .invalidFormat, "tokenizer.ggml.scores does not have one score for each of the \(count) tokens", at: file.path)
    }
    if let id = scores.firstIndex(where: \.isNaN) {
      throw MohawkError(.invalidFormat, "the score of token \(id) is not a number", at: file.path)
    }
    return .sentencePiece(
      scores: scores, spaceInFront: try file.bool("tokenizer.ggml.add_space_prefix") ?? true)
  }

  private static func kinds(_ file: GGUFFile, _ tokens: [String]) throws -> [Kind] {
    let numbers = try file.integers("tokenizer.ggml.token_type") ?? [Int](repeating: 0, count: tokens.count)
    guard numbers.count == tokens.count else {
      throw MohawkError(
        .invalidFormat, "tokenizer.ggml.token_type has \(numbers.count) entries for \(tokens.count) tokens",
        at: file.path)
    }
    return try numbers.enumerated().map { id, number in
      // 0 stands for a kind that is not known.
      guard let kind = Kind(rawValue: number == 0 ? Kind.normal.rawValue : number) else {
        throw MohawkError(.invalidFormat, "token \(id) is of the kind \(number), which is not known", at: file.path)
      }
      // llama.cpp makes control tokens of these, whatever the file says.
      return usualEnds.contains(tokens[id]) ? .control : kind
    }
  }

  private static func roles(_ file: GGUFFile, count: Int, usual: [String: Int]) throws -> [String: Int] {
    var roles: [String: Int] = [:]
    for name in ["bos", "eos", "eot", "eom", "unknown", "padding", "seperator", "mask"] {
      let key = "tokenizer.ggml.\(name)_token_id"
      guard let id = try file.integer(key) else {
        roles[name] = usual[name].flatMap { $0 < count ? $0 : nil }
        continue
      }
      // What some converters write where there is none.
      if id == -1 || id == Int(UInt32.max) { continue }
      guard (0..<count).contains(id) else {
        throw MohawkError(
          .outOfRange, "\(key) is \(id), and the file has \(count) tokens", at: file.path,
          remedy: "mend the key with gguf_set_metadata.py of the gguf package")
      }
      roles[name] = id
    }
    return roles
  }

  private static func adds(
    _ role: String, _ file: GGUFFile, _ roles: [String: Int], usual: Bool
  ) throws -> Bool {
    let adds = try file.bool("tokenizer.ggml.add_\(role)_token") ?? usual
    if adds, roles[role] == nil {
      throw MohawkError(
        .invalidFormat, "a token goes around each text, but tokenizer.ggml.\(role)_token_id does not name it",
        at: file.path, remedy: "set this key, or tokenizer.ggml.add_\(role)_token to false")
    }
    return adds
  }
}

extension GGUFTokenizer.Scheme {
  /// Whether the first token goes before a text where the file does not say.
  fileprivate var addsBeginning: Bool {
    switch self {
    case .bytePairs(let words, _): words.addsBeginning
    case .sentencePiece: true
    }
  }
}
