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
    ("gpt-neox", "gptneox", gptNeoX), ("sequential gpt-neox", "gptneox", sequentialNeoX), ("gpt-2", "gpt2", gpt2),
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
    $0.attention = .unused(modelDim: 32)
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
