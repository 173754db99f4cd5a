import MohawkMixers
import MohawkTensor

/// Fits state-space heads to an attention, in closed form: not its matrix, most of which may lie in columns whose values
/// are next to nothing, but what it makes of its values, the context.
///
/// For each decay of a grid positions are folded into the queries, weighed with what a head of that decay remembers, and the
/// context of a head in the first sequence is explained, by least squares, by ``HeadFeatures``. The best decay is kept. For
/// it the same is done on all sequences, and what position does to each rotary pair is fitted too. Then the gate is fitted,
/// which scales the heads token by token, and the features once more, in turns.
struct ContextFit {
  /// Decays that are tried: half-lives of 0.4 to 693 tokens.
  static let decays = [0.2, 0.5, 0.7, 0.8, 0.88, 0.93, 0.96, 0.98, 0.99, 0.995, 0.999]
  /// Share of the diagonal that is added to it.
  static let ridge = 1e-3

  /// Queries and keys with what position does to them on average, and the dimensions that the state keeps.
  let heads: AttentionHeads
  /// One for each head.
  private(set) var fits: [HeadFit]
  /// The mean query and key of each head, [heads, dimensions, 1]; nil where no fit uses them.
  private(set) var means: (query: Tensor, key: Tensor)?
  /// What scales each head token by token; nil: nothing.
  private(set) var gate: GateFit?
  /// What is added to all values of a head, [heads, headDim]; nil: nothing.
  private(set) var valueBias: Tensor?

  init(heads: AttentionHeads, fits: [HeadFit]) {
    self.heads = heads
    self.fits = fits
  }

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - dimensions: of queries and keys that the state has room for.
  ///   - isAlone: whether the heads are all that the mixer has, so that its gate and what is added to its values are
  ///     fitted too; not beside a window, whose part they would change.
  init(_ attention: Attention, _ input: Tensor, dimensions: Int, alone isAlone: Bool = true) {
    let decays = Self.bestDecays(attention, input.narrowed(0, from: 0, length: 1), dimensions: dimensions)
    let targets = ContextTargets(attention, input, dimensions: dimensions)
    let (wide, context) = (input.to(.float64, on: .cpu), targets.context)
    var whole = targets.folded(decays: decays)
    if targets.rotaryPairs > 0 {
      let all = targets.features(of: whole).all
      whole.apply(
        PairFit(
          whole, pairs: targets.rotaryPairs, all, all.fit(context, decays: decays), context: context, input: wide))
    }
    heads = targets.kept(whole)
    let (means, features) = targets.features(of: heads)
    fits = features.fit(context, decays: decays)
    self.means = means
    guard isAlone else { return }
    var gate = GateFit(heads: fits.count, width: wide.size(-1))
    for _ in 0..<Self.rounds {
      gate = gate.improved(wide, mixed: features.mixed(fits), context: context)
      fits = features.fit(context, gate: gate.factors(wide), decays: fits.map(\.decay))
    }
    self.gate = gate
    valueBias = features.addBias(&fits, context, gate: gate.factors(wide))
  }

  /// Of every head the decay of the grid that leaves least of its context unexplained. One sequence tells eleven decays apart,
  /// and takes a quarter of the time of four.
  /// - Parameter input: one sequence, [1, length, modelDim].
  private static func bestDecays(_ attention: Attention, _ input: Tensor, dimensions: Int) -> [Double] {
    let targets = ContextTargets(attention, input, dimensions: dimensions)
    var found: [HeadFit] = []
    for decay in decays {
      let same = [Double](repeating: decay, count: targets.values.size(1))
      let tried = targets.features(of: targets.heads(decays: same)).all.fit(targets.context, decays: same)
      found = found.isEmpty ? tried : zip(found, tried).map { $1.error < $0.error ? $1 : $0 }
    }
    return found.map(\.decay)
  }

  /// Rounds of gate and features.
  private static let rounds = 2

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
}
