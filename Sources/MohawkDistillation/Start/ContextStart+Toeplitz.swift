import MohawkMixers
import MohawkTensor

extension Toeplitz: ContextStarted {
  /// What is added to the diagonal of a head's equations, as its share: neighbouring values are nearly alike.
  private static let ridge = 1e-4

  static func contextObjection(
    _ attention: AttentionConfiguration, _ own: ToeplitzConfiguration, block: Bool
  ) -> String? {
    if own.heads == attention.heads, own.headDim == attention.headDim { return nil }
    return
      "needs a head of values for each of the teacher's \(attention.heads) heads of \(attention.headDim); the student has \(own.heads) of \(own.headDim)"
  }

  /// Each head's kernel is the least squares of its context by the values of the last tokens.
  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let (matrix, values) = ContextTargets.matrixAndValues(attention, input)
    let nothing = HeadFit(decay: 0, uniform: 0, content: 0, skip: 0, error: 1)
    let wide = input.to(.float64, on: .cpu)
    let weights = ContextWeights(
      attention, input,
      fit: ContextFit(
        heads: AttentionHeads(attention, wide), fits: Array(repeating: nothing, count: configuration.heads)),
      stateDim: attention.configuration.headDim + 1, drawn: wide)
    parameters["in_proj.v"].assign(weights.unbiasedX)
    parameters["out_proj.weight"].assign(weights.out)
    let context = matrix.matmul(values)
    let kernels = (0..<configuration.heads).map { head in
      Self.kernel(context.selected(1, head), values.selected(1, head), taps: configuration.taps)
    }
    parameters["kernel"].assign(.stacked(kernels.map(\.taps), 0))
    let mixed = MixedContext(input, context: context, like: parameters["out_proj.weight"])
    let errors = mixed.fit([mixed.mixed(self)]).map(\.error)
    return StartedHeads(
      fits: zip(kernels, errors).map { kernel, error in
        let taps = kernel.taps.doubles()
        return HeadFit(
          decay: kernel.decay, uniform: taps.dropLast().reduce(0, +), content: 0, skip: taps.last!, error: error)
      })
  }

  /// - Parameters:
  ///   - context: what the head's attention makes of its values, [batch, length, headDim], fp64.
  ///   - values: of the head, the same shape.
  ///   - taps: how many values a token sees.
  /// - Returns: the taps, the current token's last, and the decay of an exponential window that looks back as far.
  static func kernel(_ context: Tensor, _ values: Tensor, taps: Int) -> (taps: Tensor, decay: Double) {
    let length = values.size(1)
    // Longer ago than the text is long there is nothing to learn from.
    let known = min(taps, length)
    let shifted = Tensor.stacked(
      (0..<known).reversed().map { distance in
        values.narrowed(1, from: 0, length: length - distance).padded(0, 0, distance, 0).reshaped(-1)
      }, 0)
    let target = context.reshaped(-1, 1)
    let equations = NormalEquations(
      gram: shifted.matmul(shifted.transposed()).doubles(), right: shifted.matmul(target).doubles(),
      square: target.square().sum().item())
    let weights = equations.solved(ridge: ridge).weights
    let looks = weights.map(\.magnitude)
    let total = looks.reduce(0, +)
    let distance = zip(looks, (0..<known).reversed()).reduce(0) { $0 + $1.0 * Double($1.1) }
    let mean = total > 0 ? distance / total : 0
    return (Tensor([Double](repeating: 0, count: taps - known) + weights), mean / (1 + mean))
  }
}
