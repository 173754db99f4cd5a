import MohawkModels
import MohawkTensor

/// What a teacher says of sequences, to be kept.
public enum SignalPass {
  /// The `count` most likely ids of every position of tokens [rows, length + 1], row after row. Logits exist for a slice
  /// of positions at a time.
  public static func top(_ teacher: any LanguageModel, _ tokens: Tensor, count: Int, temperature: Double = 1)
    -> TopProbabilities
  {
    withoutGradients {
      let hidden = teacher.normalise(teacher.hidden(ids(tokens))).reshaped(-1, teacher.modelDim)
      let size = max(1, VocabularyLoss.graphElements / teacher.vocabulary)
      let parts = stride(from: 0, to: hidden.size(0), by: size).map { first in
        TopProbabilities(
          of: teacher.head(hidden.narrowed(0, from: first, length: min(size, hidden.size(0) - first))) / temperature,
          count: count)
      }
      return TopProbabilities(
        ids: .concatenated(parts.map(\.ids), 0), probabilities: .concatenated(parts.map(\.probabilities), 0),
        rest: .concatenated(parts.map(\.rest), 0))
    }
  }

  /// What enters the given layers, by layer, [rows, length, modelDim]; layers behind the last of them are not run.
  public static func inputs(_ teacher: any LanguageModel, _ tokens: Tensor, of layers: [Int]) -> [Int: Tensor] {
    withoutGradients {
      var found: [Int: Tensor] = [:]
      var hidden = teacher.embed(ids(tokens))
      for index in 0...(layers.max() ?? 0) {
        if layers.contains(index) { found[index] = hidden }
        if index < layers.max() ?? 0 { hidden = teacher.blocks[index](hidden) }
      }
      return found
    }
  }

  private static func ids(_ tokens: Tensor) -> Tensor { tokens.narrowed(1, from: 0, length: tokens.size(1) - 1) }
}
