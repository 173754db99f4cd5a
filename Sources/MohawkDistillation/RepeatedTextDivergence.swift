import MohawkModels
import MohawkTensor

/// How far next-token probabilities are from a teacher's, where a text is repeated and on as many tokens before.
struct RepeatedTextDivergence {
  private let teacher: Decoder
  private let span: Int
  private let wanted: (repeated: Tensor, elsewhere: Tensor)

  init(_ teacher: Decoder, _ text: RepeatedText) {
    (self.teacher, span) = (teacher, text.span)
    wanted = withoutGradients { Self.logProbabilities(teacher, teacher.hidden(text.ids), text.span) }
  }

  private static func logProbabilities(_ model: Decoder, _ hidden: Tensor, _ span: Int) -> (Tensor, Tensor) {
    let length = hidden.size(1)
    func at(_ first: Int, _ count: Int) -> Tensor {
      StageLosses.wide(model.head(model.normalise(hidden.narrowed(1, from: first, length: count)))).logSoftmax(-1)
    }
    // The first token of the repeated part comes as a surprise to everyone.
    return (at(length - span, span - 1), at(length - 2 * span, span - 1))
  }

  /// KL(teacher ‖ model) in nats, means over the tokens, for what leaves the model's last layer.
  func callAsFunction(_ hidden: Tensor) -> (repeated: Tensor, elsewhere: Tensor) {
    let own = Self.logProbabilities(teacher, hidden, span)
    func divergence(_ wanted: Tensor, _ own: Tensor) -> Tensor { (wanted.exp() * (wanted - own)).sum(over: -1).mean() }
    return (divergence(wanted.repeated, own.0), divergence(wanted.elsewhere, own.1))
  }
}
