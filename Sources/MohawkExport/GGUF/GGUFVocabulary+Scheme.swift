import MohawkFiles
import MohawkText

extension GGUFVocabulary.Scheme {
  /// The way in which llama.cpp gives the same ids.
  ///
  /// It is chosen by what the tokenizer does, not by whose it is. llama.cpp does not normalise: NFC, which Qwen's and
  /// Pythia's tokenizers begin with, is lost as in all their files, so that text must come composed.
  /// - Parameter isNearest: whether a way that puts spaces otherwise before some texts will do, which is then reported.
  /// - Throws: `MohawkError` when llama.cpp has none.
  init(_ tokenizer: Tokenizer, _ facts: Tokenizer.Facts, isNearest: Bool) throws {
    let description = tokenizer.preTokenizer.description
    if facts.isByteLevel {
      guard facts.normalizer == nil || facts.normalizer == "nfc" else {
        throw Self.refusal("it normalises text by '\(facts.normalizer ?? "")'")
      }
      let names = GGUFPreTokenizerName.all(cutting: description)
      guard let first = names.first else {
        throw Self.refusal("it cuts text by '\(description.prefix(200))'")
      }
      guard let pre = names.first(where: { $0.ignoresMerges == facts.ignoresMerges }) else {
        throw Self.refusal("words that are tokens are merged otherwise than its pre-tokenizer '\(first.name)' does")
      }
      self = .bytePairs(pre: pre.name)
      return
    }
    guard facts.fallsBackToBytes, !facts.ignoresMerges else {
      throw Self.refusal("it spells words in characters and has no bytes to fall back on")
    }
    switch (facts.normalizer, description) {
    case ("prepend 3 ▁|replace false 1   ▁", ""): self = .sentencePiece(spaceInFront: true)
    case ("replace false 1   ▁", ""), ("replace false 1   ▁", Self.afterSpaces), (nil, "metaspace 9601 never false"):
      self = .sentencePiece(spaceInFront: false)
    case (nil, "metaspace 9601 always false"), (nil, "metaspace 9601 first false"):
      // llama.cpp puts a space before every text, and before what follows a control token, whatever it begins with.
      let scheme = description.contains("always") ? "always" : "first"
      guard isNearest else {
        throw Self.refusal(
          "by prepend_scheme '\(scheme)' it puts a space only before texts that do not begin with one"
            + (scheme == "first" ? ", and none behind control tokens" : ""),
          remedy: "accept that with --nearest-tokenizer, or leave the tokenizer out with --without-tokenizer")
      }
      Notice.report(
        "llama.cpp reads some texts otherwise: it puts a space before all that begin with one, and behind control tokens",
        at: "the tokenizer")
      self = .sentencePiece(spaceInFront: true)
    default:
      let normalizer = facts.normalizer.map { "normalises text by '\($0.prefix(200))' and " } ?? ""
      throw Self.refusal("it \(normalizer)cuts it by '\(description.prefix(200))'")
    }
  }

  /// Gemma's cuts after spaces, of which its normaliser leaves none.
  private static let afterSpaces = "split MergedWithPrevious false false  "

  static func refusal(
    _ reason: String, remedy: String = "write the file without the tokenizer; it then knows ids only"
  ) -> MohawkError {
    MohawkError(
      .unsupported, "llama.cpp would read texts otherwise than this tokenizer: \(reason)", remedy: remedy)
  }
}
