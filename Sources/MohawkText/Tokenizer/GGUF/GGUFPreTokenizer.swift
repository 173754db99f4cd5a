import MohawkFiles

/// How llama.cpp cuts text into words before it merges them, by the name in `tokenizer.ggml.pre`.
package struct GGUFPreTokenizer {
  /// One step, which cuts what the steps before have left.
  enum Step {
    case pattern(String)
    case singleDigits
  }

  /// The steps before the last one, which spells words in the byte alphabet.
  let steps: [Step]
  /// Whether the last step cuts by GPT-2's pattern, too.
  let endsWithGPT2: Bool
  /// Whether words that are tokens become these without merging.
  let ignoresMerges: Bool
  /// Whether the first token goes before a text where the file does not say.
  let addsBeginning: Bool

  init(_ steps: [Step], endsWithGPT2: Bool = false, ignoresMerges: Bool = false, addsBeginning: Bool = false) {
    self.steps = steps
    self.endsWithGPT2 = endsWithGPT2
    self.ignoresMerges = ignoresMerges
    self.addsBeginning = addsBeginning
  }

  /// - Throws: `MohawkError` when the name is not known here.
  static func named(_ name: String, at path: String) throws -> GGUFPreTokenizer {
    if let known = known[name] { return known }
    throw MohawkError(
      .unsupported, "the pre-tokenizer '\(name.prefix(60))' is not supported", at: path,
      remedy: "use the model's tokenizer.json; of GGUF files these are read: "
        + known.keys.sorted().joined(separator: ", "))
  }

  /// The `pre_tokenizer` of a `tokenizer.json`.
  func json() -> [UInt8] {
    var text = Array(#"{"type": "Sequence", "pretokenizers": ["#.utf8)
    for step in steps {
      switch step {
      case .pattern(let pattern):
        text.append(contentsOf: #"{"type": "Split", "pattern": {"Regex": "#.utf8)
        JSONText.append(pattern.utf8, to: &text)
        text.append(contentsOf: #"}, "behavior": "Isolated", "invert": false}, "#.utf8)
      case .singleDigits: text.append(contentsOf: #"{"type": "Digits", "individual_digits": true}, "#.utf8)
      }
    }
    let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": "#
    text.append(contentsOf: (byteLevel + "\(endsWithGPT2)}]}").utf8)
    return text
  }
}
