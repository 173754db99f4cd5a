import MohawkModels
import MohawkTensor

/// A loss over the vocabulary, computed in slices of tokens, so that the logits of a whole batch never exist.
enum VocabularyLoss {
  /// What the logits are compared with.
  enum Target {
    /// The probabilities of a teacher that sees these normalised hidden states [rows, its width].
    case teacher(any LanguageModel, Tensor)
    /// What was kept of a teacher's probabilities of every row.
    case kept(TopProbabilities)
    /// The ids of the next tokens, `int64` [rows].
    case tokens(Tensor)
  }

  /// Elements of one slice's logits: few enough for the caches, many enough for the products.
  static let sliceElements = 1 << 24
  /// Rows of a slice at most.
  static let sliceRows = 256
  /// Elements of one slice's logits where a graph is recorded over them.
  static let graphElements = 1 << 21

  /// Forward and backward; the gradient goes on into the graph of the hidden states.
  /// - Parameters:
  ///   - normalised: [batch, length, modelDim], after the final norm.
  ///   - target: what is to be predicted at every position.
  ///   - share: factor on the gradients.
  /// - Returns: the mean loss over all positions.
  static func backward(
    _ model: any LanguageModel, _ normalised: Tensor, to target: Target, share: Double
  ) -> Tensor {
    let flat = normalised.reshaped(-1, normalised.size(-1))
    guard let result = fused(model, flat, target, share) else {
      return recorded(model, flat, share: share) { logits, first in
        target.sum(logits, first)
      }
    }
    if let gradient = result.gradient { flat.backward(gradient) }
    return .scalar(result.loss, flat.dtype == .float64 ? .float64 : .float32)
  }

  /// Through the kernel; nil for heads, types and devices that it is not made for.
  private static func fused(
    _ model: any LanguageModel, _ flat: Tensor, _ target: Target, _ share: Double
  ) -> (loss: Double, gradient: Tensor?)? {
    guard let head = model.projection, head.takes(flat) else { return nil }
    let slice = min(sliceRows, max(1, sliceElements / model.vocabulary))
    switch target {
    case .tokens(let ids):
      return head.predictionLoss(
        flat, targets: ids, share: share, slice: slice, needsGradient: flat.requiresGradient)
    case .kept(let target):
      return head.distillationLoss(
        flat, target: target, share: share, slice: slice, needsGradient: flat.requiresGradient)
    case .teacher(let teacher, let hidden):
      guard let other = teacher.projection, other.takes(hidden), hidden.dtype == flat.dtype else { return nil }
      return head.distillationLoss(
        flat, teacher: other, hidden, share: share, slice: slice, needsGradient: flat.requiresGradient)
    }
  }

  /// Through the model's own `head` and a graph over each slice: for any head, type and device.
  /// - Parameters:
  ///   - flat: [rows, modelDim].
  ///   - elements: of one slice's logits at most; one token's when it is less than the vocabulary.
  ///   - sum: the summed loss of a slice from its logits [rows, vocabulary] and its first row.
  static func recorded(
    _ model: any LanguageModel, _ flat: Tensor, share: Double, elements: Int = graphElements,
    sum: (_ logits: Tensor, _ firstRow: Int) -> Tensor
  ) -> Tensor {
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

extension VocabularyLoss.Target {
  /// The summed loss of a slice of logits [rows, vocabulary] that begins with row `first`.
  fileprivate func sum(_ logits: Tensor, _ first: Int) -> Tensor {
    let rows = logits.size(0)
    switch self {
    case .teacher(let teacher, let hidden):
      let wanted = withoutGradients { teacher.head(hidden.narrowed(0, from: first, length: rows)) }
      return StageLosses.distillationSum(student: logits, teacher: wanted)
    case .kept(let target):
      return StageLosses.distillationSum(student: logits, target: target.rows(first..<first + rows))
    case .tokens(let ids):
      let wanted = ids.narrowed(0, from: first, length: rows)
      return StageLosses.wide(logits).crossEntropy(wanted) * Double(rows)
    }
  }
}
