import MohawkFiles
import MohawkWeights

extension DecoderConfiguration {
  /// The same with a head of its own, where a checkpoint of a model whose `config.json` ties head and embedding holds both
  /// with different numbers: as in transformers, the file goes before its description.
  /// - Throws: `MohawkError` for a format whose own package would use one of them for both.
  func fitted(to store: any WeightStore) throws -> DecoderConfiguration {
    guard tiesHead, !(store is GGUFWeights), let pair = keys.tiedPair(in: Set(store.names)),
      try !store.holdsTheSame(store, under: pair.embedding, as: pair.head)
    else { return self }
    guard format != .stateSpaces else {
      throw MohawkError(
        .mismatch, "the configuration ties \(pair.head) to \(pair.embedding), and the two hold different numbers",
        at: store.path, remedy: "set 'tie_embeddings' to false if both are meant, or remove one of the tensors")
    }
    Notice.report(
      "the configuration ties \(pair.head) to \(pair.embedding), the file holds both with different numbers: "
        + "both are used, as in transformers", at: store.path)
    var result = self
    result.tiesHead = false
    return result
  }
}
