import MohawkLayers
import MohawkMixers
import MohawkModels

// Phi-3, OLMo and Gemma, of which llama.cpp knows much by the architecture's name alone.
extension GGUFArchitecture {
  /// What stands against one of them.
  func unsupportedGated(_ configuration: DecoderConfiguration) -> String? {
    guard let attention = configuration.sharedAttention, let mlp = configuration.sharedMLP else {
      return "a model without attention or MLPs"
    }
    let isGemma = self == .gemma2 || self == .gemma3
    let claims: [(String, Bool)] = [
      ("blocks that are not sequential", configuration.layout == .sequential),
      ("norms other than RMSNorm", configuration.norm == .rms(epsilon: configuration.normEpsilon)),
      ("an MLP that is not gated", mlp.isGated),
      ("such an activation", mlp.activation == (isGemma ? .geluTanh : .silu)),
      ("biases", !attention.bias && !attention.outputBias && !mlp.bias && !configuration.headBias),
      ("learned positions", configuration.learnedPositions == nil),
      (
        "norms of queries and keys with another epsilon",
        attention.headNormEpsilon == nil || attention.headNormEpsilon == configuration.normEpsilon
      ),
      ("norms of queries and keys", attention.headNormEpsilon == nil || self == .olmo2 || self == .gemma3),
      ("heads that together are not as wide as the model", isGemma || attention.width == configuration.modelDim),
      ("positions on a part of each head", self == .phi3 || attention.rotaryDim == attention.headDim),
      ("such multipliers", configuration.multipliers == multipliers(configuration)),
      ("such a scale of the scores", attention.scale == scale(attention, configuration)),
      ("wave lengths stretched in this way", holds(attention.rotaryScaling)),
      ("a sliding window in these layers", hasWindowsOf(configuration)),
      ("such positions of layers with a window", hasPositionsOf(configuration)),
      ("a head of its own", self != .gemma2 || configuration.tiesHead),
    ]
    return claims.first { !$0.1 }?.0
  }

  /// Layers without positions elsewhere than llama.cpp has them.
  func unsupportedUnplaced(_ configuration: DecoderConfiguration) -> String? {
    guard let other = configuration.otherRotary else { return nil }
    if other.attention.headNormEpsilon != nil { return "norms of queries and keys" }
    if other.attention.rotaryDim > 0 { return DecoderFeature.mixedRotary.rawValue }
    let period = DecoderConfiguration.unplacedPeriodOfGGUF
    let layers = configuration.layers.indices.filter { ($0 + 1).isMultiple(of: period) }
    return other.layers == layers ? nil : "layers without positions that are not every \(period)th"
  }

  private func multipliers(_ configuration: DecoderConfiguration) -> DecoderConfiguration.Multipliers {
    var result = DecoderConfiguration.Multipliers()
    if self == .gemma2 || self == .gemma3 {
      result.embedding = Double(configuration.modelDim).squareRoot()
      result.roundsEmbedding = true
    }
    return result
  }

  private func scale(_ attention: AttentionConfiguration, _ configuration: DecoderConfiguration) -> Double? {
    guard self == .gemma2 || self == .gemma3 else { return nil }
    return DecoderConfiguration.gemmaScaleOfGGUF(layers: configuration.layers.count, attention)
  }

  private func holds(_ scaling: RotaryScaling) -> Bool {
    switch scaling {
    case .none: true
    case .longrope: self == .phi3
    case .linear: self != .phi3
    case .yarn: self == .olmo2 && scaling.isUsual
    default: false
    }
  }

  /// Of how many layers the last one has no window.
  private var period: Int { self == .gemma2 ? 2 : self == .gemma3 ? 6 : 4 }

  private func hasWindowsOf(_ configuration: DecoderConfiguration) -> Bool {
    let windowed = configuration.layers.indices.filter { configuration.layers[$0].kind == .windowedAttention }
    // llama.cpp passes over the windows of Phi-3.
    if self == .phi3 { return configuration.seesAll }
    // Gemma has windows whatever the file says.
    if windowed.isEmpty { return self == .olmo2 }
    return windowed == configuration.layers.indices.filter { !($0 + 1).isMultiple(of: period) }
  }

  private func hasPositionsOf(_ configuration: DecoderConfiguration) -> Bool {
    guard configuration.mixers.contains(.windowedAttention), let (full, local) = configuration.attentionByKind else {
      return configuration.otherRotary == nil
    }
    switch self {
    case .gemma3: return local.rotaryScaling == .none && local.rotaryDim == full.rotaryDim
    case .olmo2: return local.rotaryScaling == .none && local.rotaryBase == full.rotaryBase
    default: return configuration.otherRotary == nil
    }
  }
}
