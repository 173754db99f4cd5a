import MohawkLayers
import MohawkMixers
import MohawkTensor

extension LinearAttention: ContextStarted {
  /// Sizes of q·k that are tried where features stand for softmax's weights.
  private static var sizes: [Double] { [0.1, 0.25, 0.5, 1, 2, 4] }

  static func startSets(_ name: String, of own: LinearAttentionConfiguration<Map>) -> Bool {
    !name.hasPrefix("feature_map.")
  }

  static func unsupportedContext(
    _ attention: AttentionConfiguration, _ own: LinearAttentionConfiguration<Map>, block: Bool
  ) -> String? {
    if attention.rotaryDim > 0, attention.rotaryScaling != .none { return "needs rotary positions that are not scaled" }
    if own.rotaryDim != attention.rotaryDim || own.rotaryDim > 0 && own.rotaryBase != attention.rotaryBase {
      return "needs the teacher's rotary positions"
    }
    if own.stateDim != attention.headDim {
      return
        "needs states of \(attention.headDim), as wide as the teacher's heads; the student's are of \(own.stateDim)"
    }
    return unsupportedHeads(
      attention, heads: own.heads, qkHeads: own.qkHeads, headDim: own.headDim, stateDim: own.stateDim, least: 2)
  }

  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let shape = configuration
    let (matrix, values) = ContextTargets.matrixAndValues(attention, input)
    let rows = LinearRows(attention, input, rotaryDim: shape.rotaryDim)
    let mixed = MixedContext(input, context: matrix.matmul(values), like: parameters["out_proj.weight"])
    parameters["in_proj.v"].assign(rows.values)
    func assign(_ part: (q: Tensor, k: Tensor)) {
      parameters["in_proj.q"].assign(part.q)
      parameters["in_proj.k"].assign(part.k)
    }
    let fits = Map.isPositive ? scaled(rows, mixed, assign) : affine(rows, mixed, assign, parameters["norm.weight"])
    let factors = Tensor(fits.map(\.output)).repeatedEach(shape.headDim, 0)
    parameters["out_proj.weight"].assign(attention.dense.weight.detached().to(.float64, on: .cpu) * factors)
    return StartedHeads(fits: fits.map(\.head))
  }

  private typealias Found = (head: HeadFit, output: Double)

  /// α + β q·k for every pair of tokens: both from means over the tokens so far, because the norm divides as a mean does.
  private func affine(
    _ rows: LinearRows, _ mixed: MixedContext, _ assign: ((q: Tensor, k: Tensor)) -> Void, _ norm: Tensor
  ) -> [Found] {
    let length = mixed.context.size(2)
    let counts = Tensor.range(1, length + 1, .float64).unsqueezed(1)
    let (heads, ones) = (configuration.heads, [Double](repeating: 1, count: configuration.heads))
    let zeros = [Double](repeating: 0, count: heads)
    assign(rows.affine(uniform: ones, content: zeros))
    let uniform = mixed.mixed(self) / counts
    assign(rows.affine(uniform: zeros, content: ones))
    let weights = mixed.fit([uniform, mixed.mixed(self) / counts]).map(\.weights)
    assign(rows.affine(uniform: weights.map { $0[0] }, content: weights.map { $0[1] }))
    norm.fill(1)
    let y = mixed.mixed(self)
    let normed = y * (y.square().mean(over: -1, keep: true) + configuration.normEpsilon).rsqrt()
    return zip(weights, mixed.fit([normed])).map { weights, found in
      (
        HeadFit(decay: 1, uniform: weights[0], content: weights[1], skip: 0, error: found.error), found.weights[0]
      )
    }
  }

  /// Features of queries and keys that are the attention's, times what imitates it best.
  private func scaled(
    _ rows: LinearRows, _ mixed: MixedContext, _ assign: ((q: Tensor, k: Tensor)) -> Void
  ) -> [Found] {
    var best = [Found?](repeating: nil, count: configuration.heads)
    for size in Self.sizes {
      assign(rows.scaled([Double](repeating: size, count: configuration.heads)))
      for (head, found) in mixed.fit([mixed.mixed(self)]).enumerated() {
        if let other = best[head], other.head.error <= found.error { continue }
        best[head] = (
          HeadFit(decay: 1, uniform: 0, content: size, skip: 0, error: found.error), found.weights[0]
        )
      }
    }
    let found = best.map { $0! }
    assign(rows.scaled(found.map(\.head.content)))
    return found
  }
}

/// Queries and keys of an attention as rows of projections without biases, for heads that keep its rotary positions.
private struct LinearRows {
  private let heads: AttentionHeads
  private let common: Tensor
  /// The dimension that carries a constant, and those that give way to it, by head.
  private let constants: [Int]
  private let cleared: [[Int]]
  /// The attention's values.
  let values: Tensor

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it.
  ///   - rotaryDim: how many dimensions of a head are rotated.
  init(_ attention: Attention, _ input: Tensor, rotaryDim: Int) {
    let wide = input.to(.float64, on: .cpu)
    heads = AttentionHeads(attention, wide)
    let nothing = HeadFit(decay: 0, uniform: 0, content: 0, skip: 0, error: 1)
    let weights = ContextWeights(
      attention, input,
      fit: ContextFit(heads: heads, fits: Array(repeating: nothing, count: attention.configuration.heads)),
      stateDim: attention.configuration.headDim + 1, drawn: wide)
    (common, values) = (weights.common, weights.unbiasedX)
    let width = attention.configuration.headDim
    if rotaryDim < width {
      // The weakest dimension without position.
      constants = heads.weakest(from: rotaryDim, on: wide)
      cleared = constants.map { [$0] }
    } else {
      // The pair that turns the slowest hardly turns at all.
      constants = Array(repeating: rotaryDim / 2 - 1, count: heads.query.size(0))
      cleared = constants.map { [$0, rotaryDim - 1] }
    }
  }

  /// Rows whose products are α + β · scale · q·k.
  func affine(uniform: [Double], content: [Double]) -> (q: Tensor, k: Tensor) {
    func root(_ x: Double) -> Double { x.magnitude.squareRoot() }
    func signedRoot(_ x: Double) -> Double { x < 0 ? -root(x) : root(x) }
    func made(_ linear: Tensor, _ bias: Tensor, _ factors: [Double], _ ones: [Double]) -> Tensor {
      let rows = unbiased(linear, bias) * Tensor(factors, shape: [factors.count, 1, 1]) * heads.scale.squareRoot()
      for head in ones.indices {
        for dimension in cleared[head] { rows.selected(0, head).selected(0, dimension).fill(0) }
        rows.selected(0, head).selected(0, constants[head]).assign(common * ones[head])
      }
      return rows.reshaped(-1, rows.size(2))
    }
    return (
      made(heads.query, heads.queryBias, content.map(signedRoot), uniform.map(signedRoot)),
      made(heads.key, heads.keyBias, content.map(root), uniform.map(root))
    )
  }

  /// Queries and keys whose products are `sizes` · scale · q·k.
  func scaled(_ sizes: [Double]) -> (q: Tensor, k: Tensor) {
    let factors = Tensor(sizes.map { ($0 * heads.scale).squareRoot() }, shape: [sizes.count, 1, 1])
    func made(_ linear: Tensor, _ bias: Tensor) -> Tensor {
      (unbiased(linear, bias) * factors).reshaped(-1, linear.size(2))
    }
    return (made(heads.query, heads.queryBias), made(heads.key, heads.keyBias))
  }

  private func unbiased(_ linear: Tensor, _ bias: Tensor) -> Tensor { linear + bias * common }
}
