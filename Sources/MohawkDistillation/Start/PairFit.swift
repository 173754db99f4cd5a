import MohawkTensor

/// What position makes of each rotary pair of a head's queries, fitted to the context: a factor and an angle for every pair,
/// in place of the expectation over all distances.
///
/// The factors are the least squares of the context, all pairs and the head's other terms together, with a ridge towards what
/// the head has already.
struct PairFit {
  /// Share of the diagonal that holds the factors to what they are.
  static let ridge = 0.03
  /// Tokens whose features exist at a time.
  private static let chunk = 64

  /// What every pair is multiplied by, as a complex number: [heads][pairs].
  private(set) var real: [[Double]] = []
  private(set) var imaginary: [[Double]] = []
  /// What dimensions without positions are multiplied by, for each head.
  private(set) var rest: [Double] = []

  /// - Parameters:
  ///   - heads: queries and keys after the expectation, with all of their dimensions.
  ///   - pairs: rotary ones.
  ///   - features: those heads' with all terms.
  ///   - fits: what these give.
  ///   - context: what is to be explained, [batch, heads, length, headDim], fp64.
  ///   - input: what enters the attention, fp64.
  ///   - ridge: share of the diagonal that holds the factors to what they are.
  init(
    _ heads: AttentionHeads, pairs: Int, _ features: HeadFeatures, _ fits: [HeadFit], context: Tensor, input: Tensor,
    ridge: Double = PairFit.ridge
  ) {
    let decays = fits.map(\.decay)
    let terms = features.terms(decays: decays)
    let q = AttentionHeads.activations(input, heads.query, heads.queryBias) * heads.scale
    let k = AttentionHeads.activations(input, heads.key, heads.keyBias)
    let decay = Tensor(decays, shape: [1, decays.count, 1, 1])
    let (batch, count, length, width) = (context.size(0), context.size(1), context.size(2), context.size(3))
    /// The first or second numbers of all pairs.
    func part(_ x: Tensor, _ half: Int) -> Tensor { x.narrowed(2, from: half * pairs, length: pairs) }
    var state = Tensor.zeros([batch, count, k.size(3), width], .float64)
    let unpaired = k.size(3) - 2 * pairs
    var gram: Tensor?
    var right: Tensor?
    for start in stride(from: 0, to: length, by: Self.chunk) {
      let end = min(start + Self.chunk, length)
      let made = (start..<end).map { token in
        let own = q.selected(2, token).unsqueezed(-1)
        state = state * decay + k.selected(2, token).unsqueezed(-1) * features.values.selected(2, token).unsqueezed(2)
        let (q1, q2, first, second) = (part(own, 0), part(own, 1), part(state, 0), part(state, 1))
        let seen = [q1 * first + q2 * second, q1 * second - q2 * first]
        let others = (own * state).narrowed(2, from: 2 * pairs, length: unpaired)
        return Tensor.concatenated(unpaired > 0 ? seen + [others.sum(over: 2, keep: true)] : seen, 2)
      }
      func rows(_ x: Tensor) -> Tensor { x.narrowed(2, from: start, length: end - start).unsqueezed(2) }
      let all = Tensor.concatenated([Tensor.stacked(made, 3)] + terms.map(rows), 2)
        .permuted(1, 2, 0, 3, 4).reshaped(count, 2 * pairs + (unpaired > 0 ? 1 : 0) + terms.count, -1)
      let target = rows(context).permuted(1, 2, 0, 3, 4).reshaped(count, -1, 1)
      let (products, sums) = (all.matmul(all.transposed()), all.matmul(target))
      gram = gram.map { $0 + products } ?? products
      right = right.map { $0 + sums } ?? sums
    }
    for (head, fit) in fits.enumerated() {
      let now =
        [Double](repeating: fit.content, count: pairs) + [Double](repeating: 0, count: pairs)
        + (unpaired > 0 ? [fit.content] : []) + features.weights(fit)
      let equations = NormalEquations(
        gram: gram!.selected(0, head).doubles(), right: right!.selected(0, head).doubles(), square: 0)
      let change = equations.left(by: now).solved(ridge: ridge).weights
      let found = zip(now, change).map { $0 + $1 }
      let size = (found.prefix(2 * pairs).reduce(0) { $0 + $1 * $1 } / Double(pairs)).squareRoot()
      let scale = size > 0 ? (fit.content < 0 ? -1 : 1) / size : 0
      real.append(found.prefix(pairs).map { size > 0 ? $0 * scale : 1 })
      imaginary.append(found[pairs..<2 * pairs].map { $0 * scale })
      rest.append(size > 0 && unpaired > 0 ? found[2 * pairs] * scale : 1)
    }
  }
}
