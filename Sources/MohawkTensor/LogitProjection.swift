import CMohawkTorch

/// A language model's head as numbers: logits = (hidden · weightᵀ + bias) / divisor.
///
/// Losses over the vocabulary come from here with their gradients, without a graph over the logits, of which only a few
/// rows exist at a time.
public struct LogitProjection {
  /// [vocabulary, width], a leaf of the gradient graph.
  public let weight: Tensor
  /// [vocabulary], a leaf.
  public let bias: Tensor?
  /// What the sums are divided by.
  public let divisor: Double

  /// A projection with these parameters; they may also be those of another layer, as with tied embeddings.
  public init(weight: Tensor, bias: Tensor? = nil, divisor: Double = 1) {
    self.weight = weight
    self.bias = bias
    self.divisor = divisor
  }

  /// Whether the losses can be had for these hidden states: where there is a kernel, with weights in their type, or for
  /// bf16 in fp32.
  public func takes(_ hidden: Tensor) -> Bool {
    Kernel.vocabularyLoss.takes(hidden)
      && (weight.dtype == (hidden.dtype == .bfloat16 ? .float32 : hidden.dtype)
        || (weight.dtype == hidden.dtype && !weight.requiresGradient))
  }

  /// The mean over rows of the cross-entropy of softmax(logits) against a teacher's probabilities. Adds `share` times its
  /// gradient to the `gradient` of weight and bias where they require one.
  /// - Parameters:
  ///   - hidden: [rows, width] that `takes` accepts; the products are computed in its type.
  ///   - teacher: the teacher's head, of the same vocabulary.
  ///   - teacherHidden: [rows, its width] in the type of `hidden`.
  ///   - share: factor on the gradients.
  ///   - slice: rows of logits that exist at a time, at most.
  ///   - needsGradient: whether the gradient for `hidden` is wanted.
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  /// - Returns: the loss, and `share` times its gradient for `hidden`.
  public func distillationLoss(
    _ hidden: Tensor, teacher: LogitProjection, _ teacherHidden: Tensor, share: Double, slice: Int, needsGradient: Bool,
    file: StaticString = #fileID, line: UInt = #line
  ) -> (loss: Double, gradient: Tensor?) {
    loss(
      "distillationLoss", hidden, [teacherHidden, teacher.weight], needsGradient: needsGradient, file, line
    ) { own, gradients, loss in
      teacher.withHead(teacherHidden) { mhk_distillation_loss(own, $0, share, Int64(slice), gradients, loss) }
    }
  }

  /// The mean over rows of −log softmax(logits)[target], and the rest as for `distillationLoss`.
  /// - Parameters:
  ///   - hidden: [rows, width] that `takes` accepts; the products are computed in its type.
  ///   - targets: ids, `int64` [rows].
  ///   - share: factor on the gradients.
  ///   - slice: rows of logits that exist at a time, at most.
  ///   - needsGradient: whether the gradient for `hidden` is wanted.
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  /// - Returns: the loss, and `share` times its gradient for `hidden`.
  public func predictionLoss(
    _ hidden: Tensor, targets: Tensor, share: Double, slice: Int, needsGradient: Bool, file: StaticString = #fileID,
    line: UInt = #line
  ) -> (loss: Double, gradient: Tensor?) {
    loss("predictionLoss", hidden, [targets], needsGradient: needsGradient, file, line) { own, gradients, loss in
      mhk_prediction_loss(own, targets.handle, share, Int64(slice), gradients, loss)
    }
  }

  /// The mean over rows of −Σ p log q over the ids that a sparse target names, minus its rest times the log of the
  /// probability that softmax(logits) gives to all other ids together; and the rest as for `distillationLoss`. It is that
  /// loss where every id is named, and a lower bound of it elsewhere, smallest where q is p on the named ids.
  /// - Parameters:
  ///   - hidden: [rows, width] that `takes` accepts; the products are computed in its type.
  ///   - target: a teacher's most likely ids of every row.
  ///   - share: factor on the gradients.
  ///   - slice: rows of logits that exist at a time, at most.
  ///   - needsGradient: whether the gradient for `hidden` is wanted.
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  /// - Returns: the loss, and `share` times its gradient for `hidden`.
  public func distillationLoss(
    _ hidden: Tensor, target: TopProbabilities, share: Double, slice: Int, needsGradient: Bool,
    file: StaticString = #fileID, line: UInt = #line
  ) -> (loss: Double, gradient: Tensor?) {
    let sums = hidden.dtype.wide
    let (ids, probabilities, rest) = (target.ids, target.probabilities.to(sums), target.rest.to(sums))
    return loss("distillationLoss", hidden, [ids, probabilities, rest], needsGradient: needsGradient, file, line) {
      own, gradients, loss in
      let top = mhk_top(ids: ids.handle, probabilities: probabilities.handle, rest: rest.handle)
      return mhk_sparse_distillation_loss(own, top, share, Int64(slice), gradients, loss)
    }
  }

  private func loss(
    _ operation: StaticString, _ hidden: Tensor, _ others: [Tensor], needsGradient: Bool, _ file: StaticString,
    _ line: UInt, _ run: (mhk_head, mhk_head_gradients, UnsafeMutablePointer<Double>) -> Failure
  ) -> (loss: Double, gradient: Tensor?) {
    withoutGradients {
      let hiddenGradient = needsGradient ? Self.uninitialised(hidden) : nil
      let (weightGradient, isFresh) = Self.gradient(of: weight)
      let (biasGradient, isBiasFresh) = bias.map(Self.gradient) ?? (nil, false)
      let gradients = mhk_head_gradients(
        hidden_or_null: hiddenGradient?.handle ?? mhk_tensor(), weight_or_null: weightGradient?.handle ?? mhk_tensor(),
        bias_or_null: biasGradient?.handle ?? mhk_tensor(), fresh_weight: isFresh, fresh_bias: isBiasFresh)
      var result = 0.0
      let error = withExtendedLifetime((hiddenGradient, weightGradient, biasGradient, others)) {
        withHead(hidden) { run($0, gradients, &result) }
      }
      if let error { trap(operation, [hidden, weight] + others, error, file, line) }
      if isFresh { weight.gradient = weightGradient }
      if isBiasFresh { bias!.gradient = biasGradient }
      return (result, hiddenGradient)
    }
  }

  /// Lends the head in the type of `hidden`.
  private func withHead(_ hidden: Tensor, _ body: (mhk_head) -> Failure) -> Failure {
    let weight = weight.detached().to(hidden.dtype)
    return withExtendedLifetime((hidden, weight, bias)) {
      body(
        mhk_head(
          hidden: hidden.handle, weight: weight.handle, bias_or_null: bias?.handle ?? mhk_tensor(), divisor: divisor))
    }
  }

  /// Memory for as many numbers of the same type.
  private static func uninitialised(_ like: Tensor) -> Tensor {
    Tensor.make("uninitialised", file: #fileID, line: #line) { out in
      withSizes(like.shape) { mhk_empty($0, $1, like.dtype.rawValue, like.device.kind, like.device.index, out) }
    }
  }

  /// Where a parameter's gradient is added up, and whether nothing is there yet; nil when it wants none.
  private static func gradient(of parameter: Tensor) -> (Tensor?, isFresh: Bool) {
    guard parameter.requiresGradient else { return (nil, false) }
    if let gradient = parameter.gradient { return (gradient, false) }
    return (uninitialised(parameter), true)
  }
}
