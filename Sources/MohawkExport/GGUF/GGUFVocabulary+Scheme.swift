import MohawkFiles
import MohawkText

extension GGUFVocabulary.Scheme {
  /// The way in which llama.cpp gives the same ids.
  ///
  /// It is chosen by what the tokenizer does, not by whose it is. llama.cpp does not normalise: NFC, which Qwen's and
  /// Pythia's tokenizers begin with, is lost as in all their files, so that text must come composed.
  /// - Throws: `MohawkError` when llama.cpp has none.
  init(_ tokenizer: Tokenizer, _ facts: Tokenizer.Facts) throws {
    let description = tokenizer.preTokenizer.description
    if facts.isByteLevel {
      guard facts.normalizer == nil || facts.normalizer == "nfc" else {
        throw Self.refusal("it normalises text by '\(facts.normalizer ?? "")'")
      }
      guard let (pre, ignoresMerges) = Self.names(description, facts.ignoresMerges) else {
        throw Self.refusal("it cuts text by '\(description.prefix(200))'")
      }
      guard ignoresMerges == facts.ignoresMerges else {
        throw Self.refusal("words that are tokens are merged otherwise than its pre-tokenizer '\(pre)' does")
      }
      self = .bytePairs(pre: pre)
      return
    }
    guard facts.fallsBackToBytes, !facts.ignoresMerges else {
      throw Self.refusal("it spells words in characters and has no bytes to fall back on")
    }
    switch (facts.normalizer, description) {
    case ("prepend 3 ▁|replace false 1   ▁", ""): self = .sentencePiece(spaceInFront: true)
    case ("replace false 1   ▁", ""), (nil, "metaspace 9601 never false"): self = .sentencePiece(spaceInFront: false)
    case (nil, "metaspace 9601 always false"), (nil, "metaspace 9601 first false"):
      self = .sentencePiece(spaceInFront: true)
    default:
      let normalizer = facts.normalizer.map { "normalises text by '\($0.prefix(200))' and " } ?? ""
      throw Self.refusal("it \(normalizer)cuts it by '\(description.prefix(200))'")
    }
  }

  private static func refusal(_ reason: String) -> MohawkError {
    MohawkError(
      .unsupported, "llama.cpp would read texts otherwise than this tokenizer: \(reason)",
      remedy: "write the file without the tokenizer; it then knows ids only")
  }

  /// The name of the pre-tokenizer with the same pattern, and whether it takes words that are tokens without merging.
  private static func names(_ description: String, _ ignoresMerges: Bool) -> (String, ignoresMerges: Bool)? {
    switch description {
    case "gpt2": return ("gpt-2", false)
    case "digits true|gpt2": return ("smollm", false)
    default: break
    }
    for split in ["split Isolated false true ", "split Removed true true "] {
      if description == split + Self.pattern(digits: #"\p{N}{1,3}"#) + "|bytes" {
        return ignoresMerges ? ("llama-bpe", true) : ("smaug-bpe", false)
      }
      if description == split + Self.pattern(digits: #"\p{N}"#) + "|bytes" { return ("qwen2", false) }
    }
    return nil
  }

  /// Llama 3's and Qwen 2's patterns, which differ in how many digits make a word.
  private static func pattern(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
