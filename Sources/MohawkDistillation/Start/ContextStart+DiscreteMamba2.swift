import Foundation
import MohawkMixers
import MohawkTensor

extension DiscreteMamba2: ContextStarted {
  static var hasScaledStart: Bool { true }

  /// All but the window, and the gate beside one.
  static func startSets(_ name: String, of own: DiscreteMamba2Configuration) -> Bool {
    if ["in_proj.z", "z_bias"].contains(name) { return own.window == nil }
    return ["in_proj.x", "in_proj.bc", "in_proj.a_log", "D"].contains(name) || name.hasPrefix("conv1d.")
      || name.hasPrefix("out_proj.")
  }

  static func unsupportedContext(
    _ attention: AttentionConfiguration, _ own: DiscreteMamba2Configuration, block: Bool
  ) -> String? {
    unsupportedHeads(
      attention, heads: own.vHeads, qkHeads: own.qkHeads, headDim: own.headDim, stateDim: own.stateDim, least: 2)
  }

  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let weights = ContextWeights(
      attention, input, stateDim: configuration.stateDim, drawn: bcWeight, keepsDrawn: drawn, alone: window == nil)
    xWeight.assign(weights.x)
    bcWeight.assign(weights.bc)
    outProjection.weight.assign(weights.out)
    xConvolution.pass(bias: weights.xBias)
    bcConvolution.pass(bias: weights.bcBias)
    let logits = weights.fits.map { -log($0.decay / (1 - $0.decay)) }
    let random = aLogWeight.detached().to(.float64, on: .cpu) * 0.1
    aLogWeight.assign(random + Tensor(logits, shape: [logits.count, 1]) * weights.common.unsqueezed(0))
    skip.assign(Tensor(weights.fits.map(\.skip)))
    if let gate = weights.gate {
      zWeight.assign(gate.rows)
      zBias.assign(gate.bias)
    }
    keepHeads(of: attention)
    return StartedHeads(fits: weights.fits)
  }

  /// Gives kept heads the attention's own values and an open gate: what is fitted to a recurrent part is not theirs.
  private func keepHeads(of attention: Attention) {
    let shape = attention.configuration
    for head in keptHeads {
      func channels(_ x: Tensor) -> Tensor {
        x.narrowed(0, from: head * configuration.headDim, length: configuration.headDim)
      }
      channels(zWeight).fill(0)
      channels(zBias).fill(Self.openGate)
      guard let bias = xConvolution.bias.map(channels) else { continue }
      bias.fill(0)
      guard let own = attention.value.bias else { continue }
      let group = head * shape.kvHeads / shape.heads
      bias.assign(own.detached().narrowed(0, from: group * shape.headDim, length: shape.headDim))
    }
  }
}
