import MohawkTensor

/// How a model takes a continuation.
struct Likelihood: Equatable {
  /// Σ log p of its tokens, in nats.
  var logProbability = 0.0
  /// Whether each of its tokens is the likeliest at its place, so that greedy generation would give it.
  var isGreedy = true

  /// Adds the tokens that logits [rows, vocabulary] predict.
  mutating func add(_ logits: Tensor, _ tokens: some Collection<Int32>) {
    withoutGradients {
      let logits = logits.to(logits.dtype.wide)
      let targets = Tensor(tokens.map(Int64.init), shape: [tokens.count]).to(on: logits.device)
      let rows = logits.logSoftmax(-1).gathered(-1, targets.unsqueezed(-1))
      logProbability += rows.to(.float64).sum().item()
      isGreedy = isGreedy && logits.argmax(-1).equals(targets).all().intItem() == 1
    }
  }
}
