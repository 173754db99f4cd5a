import MohawkLayers
import MohawkMixers
import MohawkModels

extension GGUFArchitecture {
  /// What llama.cpp would compute otherwise, or not at all, as an end of "cannot hold …"; nil when there is nothing.
  func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    if let uneven = configuration.unevenLayers { return uneven }
    if let feature = configuration.feature(beyond: features) { return feature.rawValue }
    return switch self {
    case .smollm3: unsupportedGatedRMS(configuration) ?? unsupportedUnplaced(configuration)
    case .phi3, .olmo2, .gemma2, .gemma3: unsupportedGated(configuration)
    case .mamba: unsupportedMamba(configuration)
    case .mamba2: unsupportedMamba2(configuration)
    case .graniteHybrid: unsupportedHybrid(configuration)
    case .llama, .granite, .qwen2, .qwen3: unsupportedGatedRMS(configuration)
    case .phi2, .gptNeoX, .gpt2: unsupportedLayerNorms(configuration)
    }
  }

  /// What it has of that which few have.
  private var features: Set<DecoderFeature> {
    switch self {
    case .smollm3: [.mixedRotary]
    case .olmo2: [.normsBehind, .normsAcrossHeads, .mixedRotary]
    case .gemma2: [.normsBehind, .scoreCap, .logitCap, .roundedMultiplier]
    case .gemma3: [.normsBehind, .mixedRotary, .roundedMultiplier]
    default: []
    }
  }

  private typealias Claim = (unsupportedFeature: String, holds: Bool)

  private func first(_ claims: [Claim]) -> String? { claims.first { !$0.holds }?.unsupportedFeature }

  private func unsupportedPlainState(_ configuration: DecoderConfiguration) -> String? {
    first([
      ("an MLP or norms beside those before the mixers", configuration.layout == .mixerOnly),
      ("norms other than RMSNorm", configuration.norm == .rms(epsilon: configuration.normEpsilon)),
      ("a head with bias", !configuration.headBias),
      ("learned positions", configuration.learnedPositions == nil),
      ("multipliers", configuration.multipliers == .init()),
    ])
  }

  private func unsupportedMamba(_ configuration: DecoderConfiguration) -> String? {
    guard let mamba = configuration.shared(MambaConfiguration.self) else { return "a model without its geometry" }
    return unsupportedPlainState(configuration)
      ?? first([
        ("mixers that are not twice as wide as the model", mamba.innerDim == 2 * configuration.modelDim),
        ("biased projections", !mamba.projectionBias),
      ])
  }

  private func unsupportedMamba2(_ configuration: DecoderConfiguration) -> String? {
    unsupportedPlainState(configuration)
      ?? first([("attention in some layers without MLPs", configuration.mixers.allSatisfy { $0 == .mamba2 })])
      ?? unsupportedMixers(configuration)
  }

  /// What stands against the Mamba-2 mixers.
  private func unsupportedMixers(_ configuration: DecoderConfiguration) -> String? {
    guard let mamba = configuration.shared(Mamba2Configuration.self) else { return "a model without its geometry" }
    return first([
      ("Mamba-2 with biased projections", !mamba.projectionBias),
      ("Mamba-2 without the norm before its output", mamba.normGroups != nil),
      ("Mamba-2 with a norm over other groups than those of B and C", mamba.normGroups == mamba.groups),
      ("norms with different epsilons", mamba.normEpsilon == configuration.normEpsilon),
      ("limits of Mamba-2's step size", mamba.timeStepLimit == 0...Double.infinity),
    ])
  }

  private func unsupportedHybrid(_ configuration: DecoderConfiguration) -> String? {
    let mixers = unsupportedBlocks(configuration) ?? unsupportedMixers(configuration)
    guard mixers == nil, let mamba = configuration.shared(Mamba2Configuration.self) else { return mixers }
    let padding = GGUFPadding(mamba)
    return first([
      ("norms of queries and keys", configuration.sharedAttention?.headNormEpsilon == nil),
      ("Mamba-2 of more than twice the model's width", mamba.innerDim <= 2 * configuration.modelDim),
      ("Mamba-2 whose groups do not fill twice the model's width", padding != nil),
      ("norms with an epsilon of 0 beside groups of zeros", padding?.groups == 0 || mamba.normEpsilon > 0),
    ])
  }

  /// What stands against sequential blocks with RMSNorms and gated MLPs, the mixers aside.
  private func unsupportedBlocks(_ configuration: DecoderConfiguration) -> String? {
    let mlp = configuration.sharedMLP
    return first([
      ("blocks that are not sequential", configuration.layout == .sequential),
      ("norms other than RMSNorm", configuration.norm == .rms(epsilon: configuration.normEpsilon)),
      ("an MLP that is not gated", mlp?.isGated == true),
      ("an activation other than SiLU", mlp?.activation == .silu),
      ("a head with bias", !configuration.headBias),
      ("a sliding window", configuration.seesAll),
      ("learned positions", configuration.learnedPositions == nil),
      (
        "multipliers of 0",
        configuration.multipliers.embedding != 0 && configuration.multipliers.residual != 0
          && configuration.sharedAttention?.scale != 0
      ),
    ])
  }

  private func unsupportedGatedRMS(_ configuration: DecoderConfiguration) -> String? {
    let isQwen = self == .qwen2 || self == .qwen3
    if let unsupported = unsupportedBlocks(configuration) { return unsupported }
    guard let attention = configuration.sharedAttention else { return "a model without attention" }
    return first([
      (
        "positions on a part of each head",
        attention.rotaryDim == attention.headDim || self == .granite && attention.rotaryDim == 0
      ),
      ("multipliers", self == .granite || configuration.multipliers == .init() && attention.scale == nil),
      ("biases of the MLP", !isQwen || configuration.sharedMLP?.bias == false),
      ("a bias of attention's output", !isQwen || !attention.outputBias),
      ("wave lengths stretched one by one", !isQwen || !attention.rotaryScaling.isByFrequency),
      ("LongRoPE, or YaRN with other settings than the usual ones", attention.rotaryScaling.isUsual),
      (
        "norms of queries and keys with another epsilon",
        self != .qwen3 || attention.headNormEpsilon == configuration.normEpsilon
      ),
    ])
  }

  private func unsupportedLayerNorms(_ configuration: DecoderConfiguration) -> String? {
    guard let attention = configuration.sharedAttention, let layout = configuration.layout,
      let mlp = configuration.sharedMLP
    else { return "a model without attention or MLPs" }
    let layouts: [DecoderConfiguration.Layout] =
      switch self {
      case .phi2: [.parallel]
      case .gptNeoX: [.parallelNorms, .sequential]
      default: [.sequential]
      }
    // llama.cpp computes GELU by tanh; files of GPT-NeoX, whose GELU is exact, are in use all the same.
    let isGELU =
      mlp.activation == .geluTanh || self == .gptNeoX && mlp.activation == .gelu
    return first([
      ("a sliding window", configuration.seesAll),
      ("blocks in this layout", layouts.contains(layout)),
      ("norms other than LayerNorm", configuration.norm == .layer(epsilon: configuration.normEpsilon)),
      ("a gated MLP", !mlp.isGated),
      ("an activation other than GELU", isGELU),
      ("a head with bias", self == .phi2 || !configuration.headBias),
      ("norms of queries and keys", attention.headNormEpsilon == nil),
      ("heads that together are not as wide as the model", attention.width == configuration.modelDim),
      ("wave lengths stretched one by one", !attention.rotaryScaling.isByFrequency),
      ("LongRoPE, or YaRN with other settings than the usual ones", attention.rotaryScaling.isUsual),
      ("rotary positions", self != .gpt2 || attention.rotaryDim == 0),
      ("learned positions", self == .gpt2 || configuration.learnedPositions == nil),
      ("a model without positions", self == .gpt2 || attention.rotaryDim > 0),
      ("multipliers", configuration.multipliers == .init() && attention.scale == nil),
    ])
  }
}

extension RotaryScaling {
  /// Whether every wave has a factor of its own.
  var isByFrequency: Bool {
    switch self {
    case .none, .linear, .dynamic, .yarn, .longrope: false
    case .llama3, .factors: true
    }
  }

  /// Whether llama.cpp computes the same: it has YaRN with the paper's settings, and LongRoPE in files of its own kind only.
  var isUsual: Bool {
    switch self {
    case .longrope: return false
    case .yarn(let yarn):
      var usual = Yarn(factor: yarn.factor, originalLength: yarn.originalLength)
      if abs(usual.magnitude - yarn.magnitude) < 1e-6 { usual.magnitude = yarn.magnitude }
      return yarn == usual && yarn.originalLength == yarn.originalLength.rounded()
    default: return true
    }
  }
}

extension DecoderConfiguration {
  /// Whether no window is shorter than the longest text.
  var seesAll: Bool {
    layers.allSatisfy { layer in layer.attention.flatMap { one in one.window.map { $0 >= one.maxLength } } ?? true }
  }
}
