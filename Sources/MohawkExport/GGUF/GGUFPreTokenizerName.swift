import MohawkText

/// A name in `tokenizer.ggml.pre`, and whether llama.cpp takes words that are tokens without merging there.
struct GGUFPreTokenizerName {
  let name: String
  let ignoresMerges: Bool

  /// The names by which llama.cpp cuts text as a pre-tokenizer does, the usual ones first.
  /// - Parameter description: that of the pre-tokenizer.
  static func all(cutting description: String) -> [GGUFPreTokenizerName] {
    let exact = GGUFPreTokenizer.names(cutting: description).map {
      GGUFPreTokenizerName(name: $0.name, ignoresMerges: $0.ignoresMerges)
    }
    return exact + published.filter { $0.description == description }.map(\.name)
  }

  /// Pre-tokenizers of published models that llama.cpp writes another way.
  private static let published: [(description: String, name: GGUFPreTokenizerName)] = {
    let words = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    let (isolated, removed) = ("split Isolated false true ", "split Removed true true ")
    let llama3 = removed + signs(words, #"\p{N}{1,3}"#, "") + "|bytes"
    var entries: [(description: String, name: GGUFPreTokenizerName)] = [
      (llama3, GGUFPreTokenizerName(name: "llama-bpe", ignoresMerges: true)),
      (llama3, GGUFPreTokenizerName(name: "smaug-bpe", ignoresMerges: false)),
      (
        removed + signs(words, #"\p{N}"#, "") + "|bytes", GGUFPreTokenizerName(name: "qwen2", ignoresMerges: false)
      ),
    ]
    // Mistral's tekken and OpenAI's o200k part capitals from small letters. llama.cpp takes letters beyond ASCII for both,
    // in all files of these models.
    for split in [isolated, removed] {
      let tekken = signs(cased(""), #"\p{N}"#, "/")
      let o200k = signs(cased(#"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#), #"\p{N}{1,3}"#, "/")
      entries.append((split + tekken + "|bytes", GGUFPreTokenizerName(name: "tekken", ignoresMerges: true)))
      entries.append((split + o200k + "|bytes", GGUFPreTokenizerName(name: "gpt-4o", ignoresMerges: false)))
    }
    return entries
  }()

  /// Capitals with small letters behind them, and whatever `end` allows behind these.
  private static func cased(_ end: String) -> String {
    let (capital, small) = (#"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#)
    let start = #"[^\r\n\p{L}\p{N}]?"#
    return "\(start)\(capital)*\(small)+\(end)|\(start)\(capital)+\(small)*\(end)|"
  }

  private static func signs(_ words: String, _ digits: String, _ more: String) -> String {
    words + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n"# + more + #"]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
