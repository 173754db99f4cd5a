extension Tokenizer {
  /// What decides ids beside tokens and pre-tokenizer, for those who write tokenizers in other formats.
  package struct Facts {
    /// Left and right id of each merge, by rank. Of a repeated pair the last counts.
    package let merges: [(left: Int32, right: Int32)]
    /// Whether words are spelled in the byte alphabet.
    package let isByteLevel: Bool
    /// The normaliser's steps with their settings; nil when there is none.
    package let normalizer: String?
    /// Whether words that are tokens become these without merging.
    package let ignoresMerges: Bool
    /// Whether characters that are no tokens become tokens of their bytes.
    package let fallsBackToBytes: Bool
    /// The id for what cannot be encoded.
    package let unknown: Int32?
  }

  /// What decides ids beside tokens and pre-tokenizer.
  package var facts: Facts {
    Facts(
      merges: merges.pairs, isByteLevel: model.isByteLevel, normalizer: normalizer?.description,
      ignoresMerges: model.options.ignoresMerges, fallsBackToBytes: model.options.fallsBackToBytes,
      unknown: model.options.unknown.flatMap { model.vocabulary.id(of: $0) })
  }
}
