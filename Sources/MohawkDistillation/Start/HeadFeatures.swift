import MohawkTensor

/// What a state-space head can make of an attention's values on the calibration text, fp64: the values decayed; decayed
/// and weighed with the scores; the values themselves; and decayed and weighed with the scores of the mean key and of the
/// mean query.
struct HeadFeatures {
  /// How many times the scores' weight those of the mean key and query may have. They become biases of keys and queries in
  /// units of it.
  private static let steepest = 16.0

  /// [batch, heads, length, headDim]
  let values: Tensor
  /// [batch, heads, length, length]
  let scores: Tensor
  /// Scores of each query with the mean key and of the mean query with each key, [batch, heads, length, 1]; nil: without.
  let queries, keys: Tensor?

  /// Without the means.
  init(values: Tensor, scores: Tensor) {
    (self.values, self.scores) = (values, scores)
    (queries, keys) = (nil, nil)
  }

  /// - Parameters:
  ///   - heads: whose scores they are.
  ///   - values: [batch, heads, length, headDim], fp64.
  ///   - means: of the heads' queries and keys.
  ///   - input: what enters the attention, fp64.
  init(_ heads: AttentionHeads, values: Tensor, _ means: (query: Tensor, key: Tensor), _ input: Tensor) {
    self.values = values
    let (query, key) = (
      AttentionHeads.activations(input, heads.query, heads.queryBias),
      AttentionHeads.activations(input, heads.key, heads.keyBias)
    )
    scores = query.matmul(key.transposed()) * heads.scale
    queries = query.matmul(means.key) * heads.scale
    keys = key.matmul(means.query) * heads.scale
  }

  private var heads: Int { values.size(1) }
  private var length: Int { values.size(2) }

  /// - Parameter windows: one for all heads [length, length], or one each.
  private func list(_ windows: Tensor, _ gate: Tensor?) -> [Tensor] {
    let decayed = windows.matmul(values)
    var all = [decayed, (scores * windows).matmul(values), values]
    if let queries, let keys { all += [decayed * queries, windows.matmul(values * keys)] }
    return gate.map { gate in all.map { $0 * gate } } ?? all
  }

  /// All features but the scores.
  func terms(decays: [Double]) -> [Tensor] {
    var all = list(windows(decays), nil)
    all.remove(at: 1)
    return all
  }

  /// A fit's weights of them.
  func weights(_ fit: HeadFit) -> [Double] {
    [fit.uniform, fit.skip] + (queries == nil ? [] : [fit.meanKey, fit.meanQuery])
  }

  /// One for all heads where they are alike.
  private func windows(_ decays: [Double]) -> Tensor {
    Set(decays).count == 1
      ? ExponentialWindow.matrix(decays[0], length)
      : .stacked(decays.map { ExponentialWindow.matrix($0, length) })
  }

  /// Fits heads to a context.
  /// - Parameters:
  ///   - context: [batch, heads, length, headDim].
  ///   - gate: what scales the heads, [batch, heads, length, 1].
  ///   - decays: of the heads.
  ///   - ridge: the share of the diagonal that is added to it.
  func fit(
    _ context: Tensor, gate: Tensor? = nil, decays: [Double], ridge: Double = ContextFit.ridge
  ) -> [HeadFit] {
    let square = Self.dot(context, context)
    let features = list(windows(decays), gate)
    let right = features.map { Self.dot($0, context) }
    var gram = [[Double]](repeating: [], count: features.count * features.count)
    for row in features.indices {
      for column in row..<features.count {
        let products = Self.dot(features[row], features[column])
        gram[row * features.count + column] = products
        gram[column * features.count + row] = products
      }
    }
    return (0..<heads).map { head in
      let equations = NormalEquations(gram: gram.map { $0[head] }, right: right.map { $0[head] }, square: square[head])
      var (weights, residual) = equations.solved(ridge: ridge)
      if weights.dropFirst(3).contains(where: { $0.magnitude > Self.steepest * weights[1].magnitude }) {
        (weights, residual) = equations.selecting([0, 1, 2]).solved(ridge: ridge)
      }
      var fit = HeadFit(
        decay: decays[head], uniform: weights[0], content: weights[1], skip: weights[2],
        error: square[head] > 0 ? (residual / square[head]).squareRoot() : 0)
      if weights.count > 3 { (fit.meanKey, fit.meanQuery) = (weights[3], weights[4]) }
      return fit
    }
  }

  /// The matrices of fitted heads, [batch, heads, length, length].
  func matrices(_ fits: [HeadFit]) -> Tensor {
    func numbers(_ path: KeyPath<HeadFit, Double>) -> Tensor {
      Tensor(fits.map { $0[keyPath: path] }, shape: [heads, 1, 1])
    }
    var weights = scores * numbers(\.content) + numbers(\.uniform)
    if let queries, let keys {
      weights = weights + queries * numbers(\.meanKey) + keys.transposed() * numbers(\.meanQuery)
    }
    return weights * windows(fits.map(\.decay)) + ExponentialWindow.matrix(0, length) * numbers(\.skip)
  }

  /// What fitted heads make of the values, before the gate.
  func mixed(_ fits: [HeadFit]) -> Tensor { matrices(fits).matmul(values) }

  /// What added to all values of a head brings it nearest to the context, [heads, headDim]; sets the errors to those with
  /// it.
  func addBias(_ fits: inout [HeadFit], _ context: Tensor, gate: Tensor) -> Tensor {
    let matrix = matrices(fits)
    let rest = context - matrix.matmul(values) * gate
    let sums = matrix.sum(over: -1, keep: true) * gate
    let bias = (sums * rest).sum(over: 0, 2) / (sums.square().sum(over: 0, 2) * 1.01 + Double.leastNormalMagnitude)
    let left = rest - sums * bias.unsqueezed(1)
    for (head, square) in zip(Self.dot(left, left), Self.dot(context, context)).enumerated() where square.1 > 0 {
      fits[head].error = (square.0 / square.1).squareRoot()
    }
    return bias
  }

  /// Products of two features, summed for each head over sequences, tokens and channels.
  private static func dot(_ a: Tensor, _ b: Tensor) -> [Double] { (a * b).sum(over: 0, 2, 3).doubles() }
}
