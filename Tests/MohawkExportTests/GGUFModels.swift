import MohawkLayers
import MohawkMixers
import MohawkModels

/// Geometries that llama.cpp has architectures for, with the name of each.
enum GGUFModels {
  static let all: [(name: String, architecture: String, configuration: DecoderConfiguration)] = [
    ("hybrid", "granitehybrid", TinyModels.hybrid(expand: 2)),
    ("hybrid that is not twice as wide", "granitehybrid", TinyModels.hybrid()),
    ("hybrid with two groups, attention last", "granitehybrid", TinyModels.hybrid(attention: [2], groups: 2)),
    ("hybrid without attention", "granitehybrid", TinyModels.hybrid(attention: [])),
    ("hybrid of half again the width", "granitehybrid", halfAgain),
    ("bamba", "granitehybrid", bamba), ("scaled hybrid", "granitehybrid", scaled), ("mamba-2", "mamba2", mamba2),
    ("mamba", "mamba", mamba), ("llama", "llama", TinyModels.llama()), ("llama 3", "llama", llama3),
    ("granite", "granite", granite), ("qwen 2", "qwen2", qwen2), ("qwen 3", "qwen3", qwen3), ("phi", "phi2", phi),
    ("smollm 3", "smollm3", smolLM3), ("phi-3", "phi3", phi3), ("olmo 2", "olmo2", olmo2), ("olmo 3", "olmo2", olmo3),
    ("gemma 2", "gemma2", gemma2), ("gemma 3", "gemma3", gemma3), ("gpt-neox", "gptneox", gptNeoX),
    ("sequential gpt-neox", "gptneox", sequentialNeoX), ("gpt-2", "gpt2", gpt2),
  ]

  static func named(_ name: String) -> DecoderConfiguration { all.first { $0.name == name }!.configuration }

  private static func changed(
    _ configuration: DecoderConfiguration, _ change: (inout DecoderConfiguration) -> Void
  ) -> DecoderConfiguration {
    var result = configuration
    change(&result)
    return result
  }

  static let bamba = changed(TinyModels.hybrid(expand: 2)) {
    $0.attention.rotaryDim = 4
    $0.attention.bias = true
    $0.attention.outputBias = true
    $0.mlp.bias = true
    $0.attention.rotaryScaling = .linear(factor: 4)
    $0.mamba2?.convolutionBias = false
    $0.format = .bamba
  }

  /// Three groups of 16 channels beside a width of 32: the file needs a fourth.
  static let halfAgain = changed(TinyModels.hybrid()) {
    $0.mamba2 = Mamba2Configuration(
      modelDim: 32, heads: 6, headDim: 8, groups: 3, stateDim: 16, chunk: 8, normGroups: 3)
  }

  static let scaled = changed(TinyModels.hybrid(groups: 1, expand: 2)) {
    $0.multipliers.embedding = 1.5
    $0.multipliers.residual = 0.75
    $0.multipliers.logits = 2
    $0.attention.scale = 0.2
    $0.attention.rotaryDim = 0
    $0.tiesHead = true
  }

  static let mamba2 = changed(TinyModels.hybrid(attention: [], groups: 2)) {
    $0.layout = .mixerOnly
    $0.format = .mamba2
  }

  static let mamba = changed(TinyModels.llama()) {
    $0.mixers = [.mamba, .mamba, .mamba]
    $0.mamba = MambaConfiguration(modelDim: 32, stateDim: 8, convolutionBias: false)
    $0.settleAttention()
    $0.layout = .mixerOnly
    $0.tiesHead = true
    $0.format = .mamba
  }

  static let llama3 = changed(TinyModels.llama()) {
    $0.attention.headDim = 16
    $0.attention.rotaryDim = 16
    $0.attention.bias = true
    $0.attention.outputBias = true
    $0.attention.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, originalLength: 64)
    $0.tiesHead = true
  }

  static let granite = changed(TinyModels.llama()) {
    $0.multipliers.residual = 0.5
    $0.attention.rotaryDim = 0
    $0.format = .mohawk
  }

  static let qwen2 = changed(TinyModels.llama()) {
    $0.attention.bias = true
    $0.attention.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
    $0.format = .qwen2
  }

  static let qwen3 = changed(TinyModels.llama()) {
    $0.attention.headDim = 16
    $0.attention.rotaryDim = 16
    $0.attention.headNormEpsilon = 1e-5
    $0.format = .qwen3
  }

  /// Five layers, of which the fourth has no positions.
  static let smolLM3 = changed(TinyModels.llama()) {
    $0.mixers = Array(repeating: .attention, count: 5)
    $0.otherRotary = .init(layers: [3], dimensions: 0)
    $0.tiesHead = true
    $0.format = .smolLM3
  }

  static let phi3 = changed(TinyModels.llama()) {
    $0.attention.rotaryDim = 4
    $0.attention.rotaryScaling = .longrope(short: [1, 1.5], long: [2, 3], originalLength: 64, magnitude: 1.25)
    $0.format = .phi3
  }

  static let olmo2 = changed(TinyModels.llama()) {
    $0.normPlaces = .after
    $0.attention.headNormEpsilon = $0.normEpsilon
    $0.attention.normsAcrossHeads = true
    $0.format = .olmo2
  }

  /// The fourth of five layers has no window, and YaRN.
  static let olmo3 = changed(olmo2) {
    $0.mixers = (0..<5).map { $0 == 3 ? .attention : .windowedAttention }
    $0.attention.window = 7
    $0.attention.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
    $0.otherRotary = .init(
      layers: [0, 1, 2, 4], dimensions: $0.attention.rotaryDim, base: $0.attention.rotaryBase)
    $0.format = .olmo3
  }

  /// Windows in every other layer, or in five of six.
  private static func gemma(_ format: CheckpointFormat, layers: Int, period: Int) -> DecoderConfiguration {
    changed(TinyModels.llama()) {
      $0.mixers = (0..<layers).map { ($0 + 1).isMultiple(of: period) ? .attention : .windowedAttention }
      $0.normPlaces = .around
      $0.mlp.activation = .geluTanh
      $0.multipliers.embedding = Double($0.modelDim).squareRoot()
      $0.multipliers.roundsEmbedding = true
      $0.attention.headDim = 16
      $0.attention.rotaryDim = 16
      $0.attention.window = 7
      $0.tiesHead = true
      $0.format = format
    }
  }

  static let gemma2 = changed(gemma(.gemma2, layers: 3, period: 2)) {
    $0.attention.scoreCap = 2
    $0.logitCap = 3
  }

  static let gemma3 = changed(gemma(.gemma3, layers: 7, period: 6)) {
    $0.attention.headNormEpsilon = $0.normEpsilon
    $0.attention.rotaryScaling = .linear(factor: 8)
    $0.otherRotary = .init(layers: [0, 1, 2, 3, 4, 6], dimensions: 16, base: 100)
  }

  static let phi = DecoderConfiguration.phi(
    vocabulary: 64, modelDim: 32, mlpDim: 64, mixers: [.attention, .attention], attention: attention(4))

  static let gptNeoX = layerNorms(.gptNeoX, .parallelNorms, rotaryDim: 4)
  static let sequentialNeoX = changed(layerNorms(.gptNeoX, .sequential, rotaryDim: 8)) {
    $0.attention.bias = false
    $0.attention.outputBias = false
    $0.tiesHead = true
  }

  static let gpt2 = changed(layerNorms(.gpt2, .sequential, rotaryDim: 0)) {
    $0.learnedPositions = 48
    $0.mlp.activation = .geluTanh
    $0.tiesHead = true
  }

  private static func attention(_ rotaryDim: Int) -> AttentionConfiguration {
    AttentionConfiguration(
      modelDim: 32, heads: 4, kvHeads: 4, headDim: 8, rotaryDim: rotaryDim, maxLength: 128, bias: true)
  }

  private static func layerNorms(
    _ format: CheckpointFormat, _ layout: DecoderConfiguration.Layout, rotaryDim: Int
  ) -> DecoderConfiguration {
    DecoderConfiguration(
      format: format, vocabulary: 64, modelDim: 32, layers: 2, layout: layout, norm: .layer(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .gelu, isGated: false, bias: true), attention: attention(rotaryDim))
  }
}
