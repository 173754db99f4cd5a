import MohawkMixers
import MohawkTensor

/// A mixer whose matrices are the same for every text: it starts as the least squares of each head's context by the values
/// of the tokens so far.
protocol FixedMatrixStarted: ContextStarted {
  /// Heads of values, and their width.
  static func valueHeads(of own: Configuration) -> (heads: Int, headDim: Int)
  /// Fits the matrices of all heads and sets the parameters that they depend on.
  /// - Parameters:
  ///   - context: what the attention makes of its values, [batch, heads, length, headDim], fp64.
  ///   - values: of the same shape.
  /// - Returns: what each head starts as.
  func fitMatrices(_ context: Tensor, _ values: Tensor, _ parameters: MixerParameters) -> [FixedMatrixFit]
}

/// What a head starts as whose matrix is the same for every text.
struct FixedMatrixFit {
  /// Of an exponential window that looks back as far.
  var decay: Double
  /// The sum of what a token takes of tokens before it.
  var uniform: Double
  /// What it takes of itself.
  var skip: Double

  /// - Parameters:
  ///   - looks: what a token takes of others, with their distances.
  ///   - skip: what it takes of itself.
  init(looks: [(weight: Double, distance: Int)], skip: Double) {
    let size = looks.reduce(skip.magnitude) { $0 + $1.weight.magnitude }
    let distance = looks.reduce(0) { $0 + $1.weight.magnitude * Double($1.distance) }
    let mean = size > 0 ? distance / size : 0
    (decay, uniform, self.skip) = (mean / (1 + mean), looks.reduce(0) { $0 + $1.weight }, skip)
  }
}

extension FixedMatrixStarted {
  static func unsupportedContext(_ attention: AttentionConfiguration, _ own: Configuration, block: Bool) -> String? {
    let (heads, headDim) = valueHeads(of: own)
    if heads == attention.heads, headDim == attention.headDim { return nil }
    return
      "needs a head of values for each of the teacher's \(attention.heads) heads of \(attention.headDim); the student has \(heads) of \(headDim)"
  }

  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let (matrix, values) = ContextTargets.matrixAndValues(attention, input)
    let nothing = HeadFit(decay: 0, uniform: 0, content: 0, skip: 0, error: 1)
    let wide = input.to(.float64, on: .cpu)
    let weights = ContextWeights(
      attention, input,
      fit: ContextFit(
        heads: AttentionHeads(attention, wide), fits: Array(repeating: nothing, count: heads)),
      stateDim: attention.configuration.headDim + 1, drawn: wide)
    parameters["in_proj.v"].assign(weights.unbiasedX)
    parameters["out_proj.weight"].assign(weights.out)
    let context = matrix.matmul(values)
    let fits = fitMatrices(context, values, parameters)
    let mixed = MixedContext(input, context: context, like: parameters["out_proj.weight"])
    let errors = mixed.fit([mixed.mixed(self)]).map(\.error)
    return StartedHeads(
      fits: zip(fits, errors).map {
        HeadFit(decay: $0.decay, uniform: $0.uniform, content: 0, skip: $0.skip, error: $1)
      })
  }
}
