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
    $0.changeAttention {
      ($0.rotaryDim, $0.rotaryScaling) = (4, .linear(factor: 4))
      ($0.bias, $0.outputBias) = (true, true)
    }
    $0.changeMLPs { $0.bias = true }
    $0.change(Mamba2Configuration.self) { $0.convolutionBias = false }
    $0.format = .bamba
  }

  /// Three groups of 16 channels beside a width of 32: the file needs a fourth.
  static let halfAgain = changed(TinyModels.hybrid()) {
    $0.change(Mamba2Configuration.self) {
      $0 = Mamba2Configuration(modelDim: 32, heads: 6, headDim: 8, groups: 3, stateDim: 16, chunk: 8, normGroups: 3)
    }
  }

  static let scaled = changed(TinyModels.hybrid(groups: 1, expand: 2)) {
    $0.multipliers.embedding = 1.5
    $0.multipliers.residual = 0.75
    $0.multipliers.logits = 2
    $0.changeAttention { ($0.scale, $0.rotaryDim) = (0.2, 0) }
    $0.tiesHead = true
  }

  static let mamba2 = changed(TinyModels.hybrid(attention: [], groups: 2)) {
    $0.setBlocks(.mixerOnly)
    $0.format = .mamba2
  }

  static let mamba = changed(TinyModels.llama()) {
    let mamba = MambaConfiguration(modelDim: 32, stateDim: 8, convolutionBias: false)
    $0.layers = Array(repeating: DecoderLayer(mamba, mlp: nil, layout: .mixerOnly), count: 3)
    $0.tiesHead = true
    $0.format = .mamba
  }

  static let llama3 = changed(TinyModels.llama()) {
    $0.changeAttention {
      ($0.headDim, $0.rotaryDim, $0.bias, $0.outputBias) = (16, 16, true, true)
      $0.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, originalLength: 64)
    }
    $0.tiesHead = true
  }

  static let granite = changed(TinyModels.llama()) {
    $0.multipliers.residual = 0.5
    $0.changeAttention { $0.rotaryDim = 0 }
    $0.format = .mohawk
  }

  static let qwen2 = changed(TinyModels.llama()) {
    $0.changeAttention { ($0.bias, $0.rotaryScaling) = (true, .yarn(.init(factor: 4, originalLength: 16))) }
    $0.format = .qwen2
  }

  static let qwen3 = changed(TinyModels.llama()) {
    $0.changeAttention { ($0.headDim, $0.rotaryDim, $0.headNormEpsilon) = (16, 16, 1e-5) }
    $0.format = .qwen3
  }

  /// Five layers, of which the fourth has no positions.
  static let smolLM3 = changed(TinyModels.llama(layers: 5)) {
    $0.changeAttention(where: { $0 == 3 }) { $0.rotaryDim = 0 }
    $0.tiesHead = true
    $0.format = .smolLM3
  }

  static let phi3 = changed(TinyModels.llama()) {
    $0.changeAttention {
      $0.rotaryDim = 4
      $0.rotaryScaling = .longrope(short: [1, 1.5], long: [2, 3], originalLength: 64, magnitude: 1.25)
    }
    $0.format = .phi3
  }

  private static func olmo(layers: Int) -> DecoderConfiguration {
    changed(TinyModels.llama(layers: layers)) {
      $0.setBlocks(.sequential, norms: .after)
      let epsilon = $0.normEpsilon
      $0.changeAttention { ($0.headNormEpsilon, $0.normsAcrossHeads) = (epsilon, true) }
      $0.format = .olmo2
    }
  }

  static let olmo2 = olmo(layers: 3)

  /// The fourth of five layers has no window, and YaRN.
  static let olmo3 = changed(olmo(layers: 5)) {
    $0.changeAttention(where: { $0 != 3 }) { $0.window = 7 }
    $0.changeAttention(where: { $0 == 3 }) { $0.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16)) }
    $0.format = .olmo3
  }

  /// Windows in every other layer, or in five of six.
  private static func gemma(_ format: CheckpointFormat, layers: Int, period: Int) -> DecoderConfiguration {
    changed(TinyModels.llama(layers: layers)) {
      $0.setBlocks(.sequential, norms: .around)
      $0.changeMLPs { $0.activation = .geluTanh }
      $0.multipliers.embedding = Double($0.modelDim).squareRoot()
      $0.multipliers.roundsEmbedding = true
      $0.changeAttention { ($0.headDim, $0.rotaryDim) = (16, 16) }
      $0.changeAttention(where: { !($0 + 1).isMultiple(of: period) }) { $0.window = 7 }
      $0.tiesHead = true
      $0.format = format
    }
  }

  static let gemma2 = changed(gemma(.gemma2, layers: 3, period: 2)) {
    $0.changeAttention { $0.scoreCap = 2 }
    $0.logitCap = 3
  }

  static let gemma3 = changed(gemma(.gemma3, layers: 7, period: 6)) {
    let epsilon = $0.normEpsilon
    $0.changeAttention {
      $0.headNormEpsilon = epsilon
      if $0.window == nil { $0.rotaryScaling = .linear(factor: 8) } else { $0.rotaryBase = 100 }
    }
  }

  static let phi = DecoderConfiguration.phi(
    vocabulary: 64, modelDim: 32, mlpDim: 64, mixers: [attention(4), attention(4)])

  static let gptNeoX = layerNorms(.gptNeoX, .parallelNorms, rotaryDim: 4)
  static let sequentialNeoX = changed(layerNorms(.gptNeoX, .sequential, rotaryDim: 8)) {
    $0.changeAttention { ($0.bias, $0.outputBias) = (false, false) }
    $0.tiesHead = true
  }

  static let gpt2 = changed(layerNorms(.gpt2, .sequential, rotaryDim: 0)) {
    $0.learnedPositions = 48
    $0.changeMLPs { $0.activation = .geluTanh }
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
      mlp: .init(width: 64, activation: .gelu, isGated: false, bias: true), mixer: attention(rotaryDim))
  }
}
