import Foundation
import MohawkMixers
import MohawkTensor

extension GatedDeltaNet: ContextStarted {
  static func unsupportedContext(
    _ attention: AttentionConfiguration, _ own: GatedDeltaNetConfiguration, block: Bool
  ) -> String? {
    unsupportedHeads(
      attention, heads: own.heads, qkHeads: own.qkHeads, headDim: own.headDim, stateDim: own.stateDim, least: 2)
      ?? unsupportedNorm(own.normEpsilon)
  }

  /// One decay a head, and half of every token is written.
  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let start = DeltaStart(
      attention, input, .init(sharesDecay: true, hasSkip: false), stateDim: configuration.stateDim, parameters)
    for name in ["in_proj.a", "in_proj.b", "A_log"] { parameters[name].fill(0) }
    parameters["dt_bias"].assign(Tensor(start.kernels.map { Decay.bias($0.contentDecay) }))
    let rows = start.weights.common * DiscreteMamba2.openGate
    parameters["in_proj.z"].assign(rows.unsqueezed(0).repeatedEach(configuration.innerDim, 0))
    return start.run(self, input, gate: 1, epsilon: configuration.normEpsilon, parameters)
  }
}

extension KimiDelta: ContextStarted {
  /// All but the rows through which decays and gate are projected.
  static func startSets(_ name: String, of own: KimiDeltaConfiguration) -> Bool {
    !["in_proj.f", "in_proj.g"].contains(name)
  }

  static func unsupportedContext(
    _ attention: AttentionConfiguration, _ own: KimiDeltaConfiguration, block: Bool
  ) -> String? {
    unsupportedHeads(
      attention, heads: own.heads, qkHeads: own.qkHeads, headDim: own.headDim, stateDim: own.stateDim, least: 2)
      ?? unsupportedNorm(own.normEpsilon)
  }

  /// A decay for the constant and one for the scores; the gate is half open.
  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let start = DeltaStart(
      attention, input, .init(sharesDecay: false, hasSkip: false), stateDim: configuration.stateDim, parameters)
    for name in ["in_proj.b", "f_proj.weight", "A_log", "g_proj.weight", "g_proj.bias"] { parameters[name].fill(0) }
    let decays = start.kernels.flatMap { kernel in
      (0..<configuration.stateDim).map {
        Decay.bias($0 == start.constantChannel ? kernel.uniformDecay : kernel.contentDecay)
      }
    }
    parameters["dt_bias"].assign(Tensor(decays))
    return start.run(self, input, gate: 0.5, epsilon: configuration.normEpsilon, parameters)
  }
}

/// What softplus makes a decay of.
enum Decay {
  /// The number whose softplus is −log a, times a factor.
  static func bias(_ decay: Double, times factor: Double = 1) -> Double {
    let step = -log(decay) * factor
    return step + log(-expm1(-step))
  }
}
