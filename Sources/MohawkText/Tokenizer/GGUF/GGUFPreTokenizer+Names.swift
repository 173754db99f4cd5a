extension GGUFPreTokenizer {
  /// The names in `tokenizer.ggml.pre` by which llama.cpp cuts text as a pre-tokenizer does: what is read from a file of
  /// such a name is the same pre-tokenizer.
  /// - Parameter description: that of the pre-tokenizer.
  package static func names(cutting description: String) -> [(name: String, ignoresMerges: Bool)] {
    known.filter { $0.value.description == description }.map { (name: $0.key, ignoresMerges: $0.value.ignoresMerges) }
      .sorted { (usual.firstIndex(of: $0.name) ?? .max, $0.name) < (usual.firstIndex(of: $1.name) ?? .max, $1.name) }
  }

  /// All names that are read.
  package static var names: [String] { known.keys.sorted() }

  /// How a name cuts text, and whether words that are tokens become these without merging.
  package static func meaning(of name: String) -> (description: String, ignoresMerges: Bool)? {
    known[name].map { ($0.description, $0.ignoresMerges) }
  }

  /// Of names that mean the same, those that are taken.
  private static let usual = [
    "gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-v3", "bloom",
  ]

  /// The steps as the pre-tokenizer of a `tokenizer.json` describes them.
  private var description: String {
    let names = steps.map { step in
      switch step {
      case .pattern(let pattern): "split Isolated false true \(pattern)"
      case .singleDigits: "digits true"
      }
    }
    return (names + [endsWithGPT2 ? "gpt2" : "bytes"]).joined(separator: "|")
  }
}
