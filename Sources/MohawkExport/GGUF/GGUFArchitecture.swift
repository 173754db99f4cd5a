import MohawkFiles
import MohawkMixers
import MohawkModels

/// The architectures of llama.cpp that models are written as, by the names in the files.
enum GGUFArchitecture: String {
  case mamba, mamba2, llama, granite, qwen2, qwen3, smollm3, phi3, olmo2, gemma2, gemma3, phi2, gpt2
  case graniteHybrid = "granitehybrid"
  case gptNeoX = "gptneox"

  /// The one that computes what a model computes.
  /// - Throws: `MohawkError` when there is none, naming what stands against it.
  init(holding configuration: DecoderConfiguration) throws {
    let remedy =
      "llama.cpp opens Mamba-2 with attention in Llama's blocks (granite-hybrid, bamba), mamba2, mamba, and as "
      + "Transformers llama, mistral, qwen2, qwen3, smollm3, phi3, olmo2, olmo3, gemma2, gemma3, phi, gpt-neox and gpt2"
    guard let nearest = Self.nearest(to: configuration) else {
      let kinds = Set(configuration.mixers).map(\.rawValue).sorted().joined(separator: " and ")
      throw MohawkError(.unsupported, "llama.cpp has no architecture with \(kinds) layers", remedy: remedy)
    }
    if let unsupportedFeature = nearest.unsupportedFeature(to: configuration) {
      throw MohawkError(
        .unsupported,
        "llama.cpp's architecture \(nearest.rawValue), the nearest one, cannot hold \(unsupportedFeature)",
        remedy: remedy)
    }
    self = nearest
  }

  /// The only one that may do; nil when the mixers rule out all.
  private static func nearest(to configuration: DecoderConfiguration) -> GGUFArchitecture? {
    let kinds = Set(configuration.mixers)
    if kinds == [.mamba] { return .mamba }
    guard kinds.isSubset(of: [.attention, .windowedAttention, .mamba2]) else { return nil }
    if kinds.contains(.mamba2) { return configuration.layout == .mixerOnly ? .mamba2 : .graniteHybrid }
    if configuration.learnedPositions != nil { return .gpt2 }
    if configuration.layout == .parallel { return .phi2 }
    if configuration.layout == .parallelNorms || configuration.norm == .layer(epsilon: configuration.normEpsilon) {
      return .gptNeoX
    }
    guard let attention = configuration.sharedAttention else { return nil }
    switch configuration.normPlaces {
    case .after: return .olmo2
    case .around: return attention.headNormEpsilon == nil ? .gemma2 : .gemma3
    case .before, nil: break
    }
    if configuration.otherRotary != nil { return .smollm3 }
    if configuration.format == .phi3 { return .phi3 }
    if attention.headNormEpsilon != nil { return .qwen3 }
    if attention.scale != nil || attention.rotaryDim == 0 || configuration.multipliers != .init() { return .granite }
    let isQwen =
      attention.bias && !attention.outputBias && configuration.sharedMLP?.bias == false
      && attention.width == configuration.modelDim
      && !attention.rotaryScaling.isByFrequency
    return isQwen ? .qwen2 : .llama
  }
}
