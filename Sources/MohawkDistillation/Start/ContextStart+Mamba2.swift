import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension ContextStart {
  /// What SiLU gets from B and C, and the norm from the heads over the root of its epsilon: root mean squares at most.
  static let smallFactor = 1 / 64.0
  /// The largest step size, a quarter of what F16 holds.
  static let largestStep = 16_384.0

  /// Stock Mamba-2 as Discrete-Mamba-2. What stands between the two is made to do nothing:
  ///
  /// * SiLU after the convolution is a product by ½, because the taps carry small factors: e for x, η for B and C.
  /// * The step size is Δ = 4/η² for every token, which makes up for η; A = −log a/Δ.
  /// * The norm is a product by 1/√epsilon, because e is so small that its epsilon outweighs what enters it; its weight
  ///   2√epsilon/e makes up for both.
  /// * Where the gate has no biases, rows that give nearly 1 on all inputs carry them.
  ///
  /// So the mixer's matrix is the fitted one. e and η are powers of 2, which round nothing, and stand in the
  /// convolution: rows of the input projection and the output projection are those of Discrete-Mamba-2, so that they
  /// stand any type of weights as well as the teacher's do.
  /// - Parameters:
  ///   - mixer: what starts.
  ///   - weights: what Discrete-Mamba-2 would start as.
  ///   - smallFactor: how small e and η are chosen,
  ///   - largestStep: unless the step size became larger than this.
  /// - Returns: units of parameters by their names in the mixer: what the start has multiplied them by.
  static func start(
    _ mixer: Mamba2, _ weights: ContextWeights, smallFactor: Double = smallFactor, largestStep: Double = largestStep
  ) -> [(name: String, unit: Double)] {
    let shape = mixer.configuration
    mixer.xRows.weight.assign(weights.x)
    mixer.bcRows.weight.assign(weights.bc)
    mixer.outProjection.weight.assign(weights.out)
    for rows in [mixer.xRows, mixer.bcRows, mixer.dtRows] { rows.bias?.fill(0) }
    if let bias = mixer.outProjection.bias {
      if let values = weights.outBias { bias.assign(values) } else { bias.fill(0) }
    }
    // What a head makes of its values is no larger than they are, as a mean of them.
    let root = shape.normEpsilon.squareRoot()
    let e = factor(2 * smallFactor * root, weights.largest(weights.x, weights.xBias, parts: shape.heads))
    let eta = max(
      factor(smallFactor, weights.largest(weights.bc, weights.bcBias, parts: 2 * shape.heads)),
      exp2(log2(4 / largestStep) / 2))
    let (step, scale) = (4 / (eta * eta), 2 * root / e)

    mixer.xConvolution.pass(times: e, bias: weights.xBias)
    mixer.bcConvolution.pass(times: eta, bias: weights.bcBias)
    mixer.dtRows.weight.fill(0)
    mixer.dtBias.fill(step + log(-expm1(-step)))
    mixer.aLog.assign(Tensor(weights.fits.map { log(-log($0.decay) / step) }))
    mixer.skip.assign(Tensor(weights.fits.map(\.skip)))
    mixer.norm?.weight.fill(scale)
    let gate =
      weights.gate ?? (
        rows: .zeros([shape.innerDim, shape.modelDim], .float64),
        bias: .zeros([shape.innerDim], .float64) + DiscreteMamba2.openGate
      )
    if let bias = mixer.zRows.bias {
      mixer.zRows.weight.assign(gate.rows)
      bias.assign(gate.bias)
    } else {
      mixer.zRows.weight.assign(gate.rows + gate.bias.unsqueezed(-1) * weights.common.unsqueezed(0))
    }
    return [
      ("conv1d.x.weight", e), ("conv1d.x.bias", e), ("conv1d.bc.weight", eta), ("conv1d.bc.bias", eta),
      ("in_proj.dt", step), ("in_proj.bias.dt", step), ("dt_bias", step),
      ("norm.weight", exp2(log2(scale).rounded())),
    ]
  }

  /// The largest power of 2, 1 at most, that makes numbers of this size small.
  private static func factor(_ smallFactor: Double, _ size: Double) -> Double {
    size > 0 ? min(1, exp2(log2(smallFactor / size).rounded(.down))) : 1
  }
}

extension Mamba2: ContextStarted {
  static var hasScaledStart: Bool { true }

  static func unsupportedContext(
    _ attention: AttentionConfiguration, _ own: Mamba2Configuration, block: Bool
  ) -> String? {
    if block { return "gives attention's part only, but these mixers stand for whole blocks" }
    if !own.convolutionBias { return "needs biases of the convolution" }
    if own.normGroups == nil { return "needs the norm before the output projection" }
    if !own.timeStepLimit.contains(1) { return "needs step sizes of 1" }
    return unsupportedHeads(
      attention, heads: own.heads, qkHeads: own.groups, headDim: own.headDim, stateDim: own.stateDim, least: 2)
  }

  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let weights = ContextWeights(
      attention, input, stateDim: configuration.stateDim, drawn: bcRows.weight, keepsDrawn: drawn)
    return StartedHeads(fits: weights.fits, units: ContextStart.start(self, weights))
  }
}
