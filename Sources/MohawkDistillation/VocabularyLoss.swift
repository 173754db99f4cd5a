import MohawkModels
import MohawkRecipes
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

  /// A part of a loss.
  struct Term {
    /// What is compared with.
    var target: Target
    /// Factor on the term.
    var weight = 1.0
    /// What both logits are divided by; the term is multiplied by its square, which keeps gradients alike.
    var temperature = 1.0
    /// Which divergence, where the target is a running teacher.
    var divergence = Divergence.forward
  }

  /// Elements of one slice's logits: few enough for the caches, many enough for the products.
  static let sliceElements = 1 << 24
  /// Rows of a slice at most.
  static let sliceRows = 256
  /// Elements of one slice's logits where a graph is recorded over them.
  static let graphElements = 1 << 21

  /// Forward and backward; the gradient goes on into the graph of the hidden states.
  /// - Parameters:
  ///   - normalised: [.., modelDim], after the final norm, of the positions that count.
  ///   - terms: what is to be predicted at each of them.
  ///   - share: factor on the gradients.
  /// - Returns: the mean loss over all positions, terms summed by their weights.
  static func backward(
    _ model: any LanguageModel, _ normalised: Tensor, to terms: [Term], share: Double
  ) -> Tensor {
    let flat = normalised.reshaped(-1, normalised.size(-1))
    let results = terms.map { term in
      let weight = term.weight * term.temperature * term.temperature
      let (loss, gradient) =
        fused(model, flat, term, share * weight)
        ?? recorded(model, flat, share: share * weight) { logits, first in
          term.sum(logits / term.temperature, first)
        }
      return (loss: loss * weight, gradient: gradient)
    }
    withoutGradients {
      if let gradient = results.compactMap(\.gradient).reduceToSum() { flat.backward(gradient, completes: .all) }
    }
    return withoutGradients { results.map(\.loss).reduceToSum()! }
  }

  /// Through the kernel; nil for heads, types, devices and divergences that it is not made for.
  private static func fused(
    _ model: any LanguageModel, _ flat: Tensor, _ term: Term, _ share: Double
  ) -> (loss: Tensor, gradient: Tensor?)? {
    guard let head = model.projection?.dividedByTemperature(term.temperature), head.takes(flat),
      term.divergence == .forward
    else {
      return nil
    }
    let slice = min(sliceRows, max(1, sliceElements / model.vocabulary))
    let result: (loss: Double, gradient: Tensor?)
    switch term.target {
    case .tokens(let ids):
      result = head.predictionLoss(
        flat, targets: ids, share: share, slice: slice, needsGradient: flat.requiresGradient)
    case .kept(let target):
      result = head.distillationLoss(
        flat, target: target, share: share, slice: slice, needsGradient: flat.requiresGradient)
    case .teacher(let teacher, let hidden):
      guard let other = teacher.projection?.dividedByTemperature(term.temperature), other.takes(hidden),
        hidden.dtype == flat.dtype
      else { return nil }
      result = head.distillationLoss(
        flat, teacher: other, hidden, share: share, slice: slice, needsGradient: flat.requiresGradient)
    }
    return (.scalar(result.loss, flat.dtype.wide), result.gradient)
  }

  /// Through the model's own `head` and a graph over each slice: for any head, type and device.
  /// - Parameters:
  ///   - flat: [rows, modelDim].
  ///   - elements: of one slice's logits at most; one token's when it is less than the vocabulary.
  ///   - sum: the summed loss of a slice from its logits [rows, vocabulary] and its first row.
  /// - Returns: the mean loss over the rows, and `share` times its gradient for `flat` where it wants one.
  static func recorded(
    _ model: any LanguageModel, _ flat: Tensor, share: Double, elements: Int = graphElements,
    sum: (_ logits: Tensor, _ firstRow: Int) -> Tensor
  ) -> (loss: Tensor, gradient: Tensor?) {
    let leaf = flat.detached()
    leaf.requiresGradient = true
    let total = Tensor.zeros([], leaf.dtype.wide, on: leaf.device)
    let rows = leaf.size(0)
    forSlices(rows: rows, size: max(1, elements / model.vocabulary)) { first, count in
      let loss = sum(model.head(leaf.narrowed(0, from: first, length: count)), first)
      (loss * (share / Double(rows))).backward()
      withoutGradients { total.addInPlace(loss.detached(), scale: 1 / Double(rows)) }
    }
    return (total, flat.requiresGradient ? leaf.gradient : nil)
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

extension VocabularyLoss.Term {
  /// The summed loss of a slice of dividedByTemperature logits [rows, vocabulary] that begins with row `first`.
  fileprivate func sum(_ logits: Tensor, _ first: Int) -> Tensor {
    let rows = logits.size(0)
    switch target {
    case .teacher(let teacher, let hidden):
      let wanted = withoutGradients { teacher.head(hidden.narrowed(0, from: first, length: rows)) / temperature }
      return StageLosses.distillationSum(student: logits, teacher: wanted, divergence)
    case .kept(let target):
      return StageLosses.distillationSum(student: logits, target: target.rows(first..<first + rows))
    case .tokens(let ids):
      let wanted = ids.narrowed(0, from: first, length: rows)
      return StageLosses.wide(logits).crossEntropy(wanted) * Double(rows)
    }
  }
}

extension LogitProjection {
  /// Its logits divided by a temperature.
  fileprivate func dividedByTemperature(_ temperature: Double) -> LogitProjection {
    LogitProjection(weight: weight, bias: bias, divisor: divisor * temperature)
  }
}

extension Array<Tensor> {
  /// Nil where there is nothing to add.
  func reduceToSum() -> Tensor? { first.map { dropFirst().reduce($0, +) } }
}
