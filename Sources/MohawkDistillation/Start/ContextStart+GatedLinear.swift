import Foundation
import MohawkMixers
import MohawkTensor

extension GatedLinear: ChannelDecayStarted {}

/// Nothing rotates, so that it starts as gated linear attention does.
extension Semiseparable: ChannelDecayStarted {
  static var silenced: [String] { ["in_proj.rotation"] }
}

/// A mixer that can start as gated linear attention, and has the names of its parameters.
protocol ChannelDecayStarted: ContextStarted where Configuration: ChannelDecayGeometry {
  /// Parameters that are 0 where the mixer is gated linear attention.
  static var silenced: [String] { get }
}

/// What is left of a token in the channel that stands for the skip.
private let noMemory = exp(-10.0)
/// What the norm gets over the root of its epsilon: a root mean square at most.
private let small = 1 / 64.0

extension ChannelDecayStarted {
  static var silenced: [String] { [] }

  /// All but the rows through which decays are projected, and those that say where a state rotates.
  static func startSets(_ name: String, of own: Configuration) -> Bool {
    !["in_proj.f", "in_proj.plane"].contains(name)
  }

  static func unsupportedContext(_ attention: AttentionConfiguration, _ own: Configuration, block: Bool) -> String? {
    unsupportedHeads(
      attention, heads: own.heads, qkHeads: own.qkHeads, headDim: own.headDim, stateDim: own.stateDim, least: 3)
      ?? unsupportedNorm(own.normEpsilon)
  }

  /// Channels for the scores, one for the constant, with a decay of its own, and a last one that remembers nothing: the
  /// skip.
  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads {
    let shape = configuration
    let (heads, state) = (shape.heads, shape.stateDim - 1)
    let targets = ContextTargets(attention, input, dimensions: state - 1)
    let kernels = targets.kernels(.init(sharesDecay: false, hasSkip: true))
    func room(_ name: String) -> Tensor {
      let rows = parameters[name].reshaped(heads, state + 1, shape.modelDim)
      return rows.narrowed(1, from: 0, length: state).reshaped(heads * state, shape.modelDim)
    }
    let weights = ContextWeights(
      attention, input, fit: ContextFit(heads: targets.heads(), fits: kernels.map(\.head)), stateDim: state,
      drawn: .concatenated([room("in_proj.k"), room("in_proj.q")], 0))
    let common = weights.common
    func rows(_ rows: Tensor, skips: [Double]) -> Tensor {
      let skip = Tensor(skips, shape: [heads, 1, 1]) * common
      return .concatenated([rows.reshaped(heads, state, shape.modelDim), skip], 1)
    }
    let roots = kernels.map { $0.skip.magnitude.squareRoot() }
    let (k, q) = weights.unbiasedRows
    let queries = rows(q, skips: zip(roots, kernels).map { $1.skip < 0 ? -$0 : $0 })
    func assign(_ queries: Tensor) { parameters["in_proj.q"].assign(queries.reshaped(-1, shape.modelDim)) }
    assign(queries)
    parameters["in_proj.k"].assign(rows(k, skips: roots).reshaped(-1, shape.modelDim))
    parameters["in_proj.v"].assign(weights.unbiasedX)
    parameters["out_proj.weight"].assign(weights.out)
    (Self.silenced + ["f_proj.weight"]).forEach { parameters[$0].fill(0) }
    let constant = targets.heads().key.size(1)
    let decays = kernels.flatMap { kernel in
      (0...state).map { channel in
        let decay =
          channel == state ? noMemory : channel == constant ? kernel.uniformDecay : kernel.contentDecay
        return -Decay.bias(decay, times: shape.gateDivisor)
      }
    }
    parameters["f_proj.bias"].assign(Tensor(decays))
    parameters["in_proj.z"].assign(
      (common * DiscreteMamba2.openGate).unsqueezed(0).repeatedEach(shape.innerDim, 0))

    // Queries so small that the norm is a product, which gives back what they lack.
    let mixed = MixedContext(input, context: targets.context, like: parameters["out_proj.weight"])
    let found = mixed.fit([mixed.mixed(self)])
    let scale = found.map { $0.weights[0].magnitude }.reduce(Double.leastNormalMagnitude, max)
    let root = shape.normEpsilon.squareRoot()
    let factor = min(1, exp2(log2(small * root * scale / max(mixed.size, 1e-30)).rounded(.down)))
    assign(queries * Tensor(found.map { $0.weights[0] / scale * factor }, shape: [heads, 1, 1]))
    let norm = root * scale / factor
    parameters["norm.weight"].fill(norm)
    let fits = zip(kernels, found).map { kernel, found in
      var fit = kernel.head
      fit.error = found.error
      return fit
    }
    return StartedHeads(
      fits: fits, units: [("in_proj.q", factor), ("norm.weight", exp2(log2(norm).rounded()))])
  }
}
