import MohawkModels
import MohawkTensor

/// A loss over the vocabulary, computed in slices of tokens, so that the logits of a whole batch never exist.
enum VocabularyLoss {
  /// Elements of one slice's logits.
  static let sliceElements = 1 << 21

  /// Runs `sum` (forward and backward) over slices of the normalised hidden states and sends the collected gradient
  /// back into their graph.
  /// - Parameters:
  ///   - normalised: [batch, length, modelDim], after the final norm.
  ///   - share: factor on the gradients.
  ///   - elements: of one slice's logits at most; one token's when it is less than the vocabulary.
  ///   - sum: the summed loss of a slice from its logits [rows, vocabulary] and its first row.
  /// - Returns: the mean loss over all positions.
  static func backward(
    _ model: any LanguageModel, _ normalised: Tensor, share: Double, elements: Int = sliceElements,
    sum: (_ logits: Tensor, _ firstRow: Int) -> Tensor
  ) -> Tensor {
    let flat = normalised.reshaped(-1, normalised.size(-1))
    let leaf = flat.detached()
    leaf.requiresGradient = true
    let total = Tensor.zeros([], leaf.dtype == .float64 ? .float64 : .float32, on: leaf.device)
    let rows = leaf.size(0)
    forSlices(rows: rows, size: max(1, elements / model.vocabulary)) { first, count in
      let loss = sum(model.head(leaf.narrowed(0, from: first, length: count)), first)
      (loss * (share / Double(rows))).backward()
      withoutGradients { total.addInPlace(loss.detached(), scale: 1 / Double(rows)) }
    }
    if flat.requiresGradient, let gradient = leaf.gradient { flat.backward(gradient) }
    return total
  }

  private static func forSlices(rows: Int, size: Int, _ body: (_ first: Int, _ count: Int) throws -> Void) rethrows {
    var first = 0
    while first < rows {
      let count = min(size, rows - first)
      try body(first, count)
      first += count
    }
  }
}
