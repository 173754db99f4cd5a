import MohawkMixers
import MohawkTensor

/// Fits state-space heads to an attention, in closed form: not its matrix, most of which may lie in columns whose values
/// are next to nothing, but what it makes of its values, the context.
///
/// For each decay of a grid the context of a head is explained, by least squares, by three features: the values decayed,
/// the values decayed and weighed with the scores, and the values themselves. The best decay is kept.
struct ContextFit {
  /// Decays that are tried: half-lives of 0.4 to 693 tokens.
  static let decays = [0.2, 0.5, 0.7, 0.8, 0.88, 0.93, 0.96, 0.98, 0.99, 0.995, 0.999]
  /// Share of the diagonal that is added to it.
  static let ridge = 1e-3

  /// Queries and keys with what position does to them on average, and the dimensions that the state keeps.
  let heads: AttentionHeads
  /// One for each head.
  let fits: [HeadFit]

  init(heads: AttentionHeads, fits: [HeadFit]) {
    self.heads = heads
    self.fits = fits
  }

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - dimensions: of queries and keys that the state has room for.
  init(_ attention: Attention, _ input: Tensor, dimensions: Int) {
    let targets = ContextTargets(attention, input, dimensions: dimensions)
    heads = targets.heads
    fits = Self.fit(context: targets.context, values: targets.values, scores: targets.scores)
  }

  /// Heads whose scores are drawn at random and small, with the attention's mean look-back as their memory.
  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - drawn: rows of B and C as a student draws them, [2 heads · stateDim, modelDim].
  init(lookingBackLike attention: Attention, _ input: Tensor, drawn: Tensor) {
    let wide = input.to(.float64, on: .cpu)
    let (matrix, values) = ContextTargets.matrixAndValues(attention, input)
    var heads = AttentionHeads(attention, wide)
    heads.replaceByRows(drawn.detached().to(.float64, on: .cpu))
    self.heads = heads
    let lookBacks = ContextTargets.distances(matrix, values).map { shares in
      shares.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
    }
    let context = matrix.matmul(values)
    let scores = heads.scores(wide)
    fits = lookBacks.enumerated().map { head, lookBack in
      // What decays by a at every step is looked back at over a / (1 - a) tokens.
      let decay = min(max(lookBack / (lookBack + 1), Self.decays[0]), Self.decays.last!)
      var fit = HeadFit(decay: decay, uniform: 1e-3, content: 1 / 9.0, skip: 0.1, error: 0)
      let window = ExponentialWindow.matrix(decay, values.size(2))
      let own = values.selected(1, head)
      let made = ((scores.selected(1, head) * fit.content + fit.uniform) * window).matmul(own) + own * fit.skip
      let target = context.selected(1, head)
      fit.error = ((made - target).square().sum() / target.square().sum()).sqrt().item()
      return fit
    }
  }

  /// Fits heads to a context, all [batch, heads, length, headDim], with scores [batch, heads, length, length]; fp64.
  static func fit(context: Tensor, values: Tensor, scores: Tensor, ridge: Double = ridge) -> [HeadFit] {
    let (heads, length) = (values.size(1), values.size(2))
    let square = dot(context, context)
    let (own, ownRight) = (dot(values, values), dot(values, context))
    var best = [(fit: HeadFit, residual: Double)?](repeating: nil, count: heads)
    for decay in decays {
      let window = ExponentialWindow.matrix(decay, length)
      let decayed = window.matmul(values)
      let weighed = (scores * window).matmul(values)
      let sums = [
        dot(decayed, decayed), dot(decayed, weighed), dot(decayed, values), dot(weighed, weighed), dot(weighed, values),
        dot(decayed, context), dot(weighed, context),
      ]
      for head in 0..<heads {
        let part = sums.map { $0[head] }
        let equations = NormalEquations(
          gram: [part[0], part[1], part[2], part[1], part[3], part[4], part[2], part[4], own[head]],
          right: [part[5], part[6], ownRight[head]], square: square[head])
        let (weights, residual) = equations.solved(ridge: ridge)
        if let other = best[head], other.residual <= residual { continue }
        let error = square[head] > 0 ? (residual / square[head]).squareRoot() : 0
        best[head] = (
          HeadFit(decay: decay, uniform: weights[0], content: weights[1], skip: weights[2], error: error), residual
        )
      }
    }
    return best.map { $0!.fit }
  }

  /// Products of two features, summed for each head over sequences, tokens and channels.
  private static func dot(_ a: Tensor, _ b: Tensor) -> [Double] { (a * b).sum(over: 0, 2, 3).doubles() }
}
