import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import PretendDeviceSupport

@testable import MohawkDecoding

/// Small models that together have everything that a decoder can have.
enum EngineModels: String, CaseIterable, Sendable {
  case phi, phiMamba, besideWindow, besideWindowAlone, keptHeads, keptHeadsBesideWindow, llama, window, qwen3, neoX, gpt2, granite, mamba2, mamba2Groups,
    mamba2Plain, mamba, mambaWide,
    relu, unplaced, olmo, gemma

  static let vocabulary = 50

  func engine(compute: DType? = nil, dtype: DType = .float32) -> DecodingEngine {
    DecodingEngine(Decoder.fresh(shape, seed: 21, dtype: dtype, compute: compute, on: TestDevice.current))
  }

  private func base(
    _ layout: DecoderConfiguration.Layout, _ norm: Norm.Kind, _ activation: Activation, gated: Bool, bias: Bool,
    _ attention: AttentionConfiguration, _ mixers: [DecoderConfiguration.Mixer]
  ) -> DecoderConfiguration {
    var result = DecoderConfiguration(
      format: .mohawk, vocabulary: Self.vocabulary, modelDim: 24, layers: mixers.count, layout: layout, norm: norm,
      mlp: .init(width: 40, activation: activation, isGated: gated, bias: bias), attention: attention)
    result.mixers = mixers
    return result
  }

  private func attention(
    kvHeads: Int = 2, headDim: Int = 6, rotaryDim: Int = 6, bias: Bool = false, maxLength: Int = 128
  ) -> AttentionConfiguration {
    AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: kvHeads, headDim: headDim, rotaryDim: rotaryDim, maxLength: maxLength,
      bias: bias)
  }

  private func mamba2(_ groups: Int = 1, state: Int = 5, norm: Int? = 1) -> Mamba2Configuration {
    Mamba2Configuration(
      modelDim: 24, heads: 6, headDim: 8, groups: groups, stateDim: state, chunk: 8, normGroups: norm)
  }

  var shape: DecoderConfiguration {
    switch self {
    case .phi:
      var shape = base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true,
        attention(rotaryDim: 4, bias: true), [.attention, .attention])
      shape.headBias = true
      return shape
    case .phiMamba:
      var shape = base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true,
        attention(kvHeads: 4, rotaryDim: 4, bias: true), [.discreteMamba2, .attention, .discreteMamba2])
      shape.discreteMamba2 = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 21, chunk: 8)
      return shape
    case .besideWindow:
      // Heads of queries and keys other than those of x, and rotary positions other than the attention's.
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, attention(rotaryDim: 4),
        [.discreteMamba2, .attention, .discreteMamba2])
      shape.discreteMamba2 = DiscreteMamba2Configuration(
        modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 21, chunk: 8,
        window: WindowConfiguration(
          tokens: 9, sinks: 3, kvHeads: 2, headDim: 10, rotaryDim: 10, rotaryBase: 500,
          rotaryScaling: .linear(factor: 2)))
      shape.attention.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
      return shape
    case .besideWindowAlone:
      var shape = base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, attention(),
        [.discreteMamba2, .discreteMamba2])
      shape.discreteMamba2 = DiscreteMamba2Configuration(
        modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, chunk: 8,
        window: WindowConfiguration(
          tokens: 16, sinks: 0, kvHeads: 4, headDim: 6, rotaryDim: 4, bias: true, scale: 0.5))
      shape.discreteMamba2?.window?.headNormEpsilon = 1e-6
      shape.discreteMamba2?.window?.rotaryScaling = .yarn(.init(factor: 8, originalLength: 12))
      return shape
    case .keptHeads:
      // In layers with other numbers of them, and in one with none; biases, and positions on a part of a head.
      var shape = base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, attention(rotaryDim: 4),
        [.discreteMamba2, .attention, .discreteMamba2, .discreteMamba2])
      shape.discreteMamba2 = DiscreteMamba2Configuration(
        modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, chunk: 8,
        kept: KeptHeads(of: attention(headDim: 10, rotaryDim: 8, bias: true), byLayer: [[0, 1, 3], [], [], [2]]))
      return shape
    case .keptHeadsBesideWindow:
      var shape = EngineModels.besideWindowAlone.shape
      var kept = attention(kvHeads: 4, rotaryDim: 4)
      (kept.headNormEpsilon, kept.rotaryScaling) = (1e-6, .linear(factor: 3))
      shape.discreteMamba2?.kept = KeptHeads(of: kept, byLayer: [[1], [0, 2, 3]])
      return shape
    case .llama:
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, attention(kvHeads: 1, headDim: 10),
        [.attention, .attention])
      shape.attention.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, originalLength: 32)
      shape.attention.rotaryDim = 10
      shape.tiesHead = true
      return shape
    case .window:
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: true, attention(), [.windowedAttention, .attention])
      shape.attention.window = 7
      return shape
    case .qwen3:
      var shape = base(
        .sequential, .rms(epsilon: 1e-6), .silu, gated: true, bias: false, attention(headDim: 8), [.attention])
      shape.attention.headNormEpsilon = 1e-6
      shape.attention.rotaryScaling = .longrope(
        short: [1, 1.5, 2, 3], long: [2, 3, 4, 9], originalLength: 128, magnitude: 1.25)
      return shape
    case .neoX:
      return base(
        .parallelNorms, .layer(epsilon: 1e-5), .gelu, gated: false, bias: true,
        attention(kvHeads: 4, rotaryDim: 2, bias: true), [.attention, .attention])
    case .gpt2:
      var shape = base(
        .sequential, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true,
        attention(kvHeads: 4, rotaryDim: 0, bias: true), [.attention, .attention])
      shape.learnedPositions = 128
      shape.tiesHead = true
      return shape
    case .granite:
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, attention(rotaryDim: 0),
        [.mamba2, .attention, .mamba2])
      shape.attention.scale = 0.1
      shape.mamba2 = mamba2(2, norm: 1)
      (shape.multipliers.embedding, shape.multipliers.residual, shape.multipliers.logits) = (3, 0.5, 1.5)
      return shape
    case .mamba2, .mamba2Groups, .mamba2Plain:
      var shape = base(
        .mixerOnly, .rms(epsilon: 1e-5), .silu, gated: false, bias: false, attention(), [.mamba2, .mamba2])
      shape.tiesHead = true
      shape.mamba2 = mamba2(state: 32)
      if self == .mamba2Groups { shape.mamba2 = mamba2(3, norm: 3) }
      if self == .mamba2Plain {
        shape.mamba2 = mamba2(state: 40, norm: nil)
        shape.mamba2?.projectionBias = true
        shape.mamba2?.convolutionBias = false
        shape.mamba2?.timeStepLimit = 0.01...0.05
        shape.mamba2?.convWidth = 2
      }
      return shape
    case .mamba, .mambaWide:
      var shape = base(
        .mixerOnly, .rms(epsilon: 1e-5), .silu, gated: false, bias: false, attention(), [.mamba, .mamba])
      shape.mamba = MambaConfiguration(modelDim: 24, stateDim: 5)
      if self == .mambaWide {
        shape.mamba = MambaConfiguration(
          modelDim: 24, innerDim: 40, stateDim: 16, timeStepRank: 3, projectionBias: true, convolutionBias: false)
      }
      return shape
    case .unplaced:
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, attention(rotaryDim: 4),
        [.attention, .windowedAttention, .attention])
      shape.attention.window = 6
      shape.otherRotary = .init(layers: [1], dimensions: 0)
      return shape
    case .olmo:
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, attention(bias: true),
        [.windowedAttention, .mamba2, .attention])
      shape.normPlaces = .after
      (shape.attention.window, shape.attention.headNormEpsilon, shape.attention.normsAcrossHeads) = (5, 1e-5, true)
      shape.attention.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
      shape.otherRotary = .init(layers: [0], dimensions: 6, base: 500)
      shape.mamba2 = mamba2(2, norm: 2)
      return shape
    case .gemma:
      var shape = base(
        .sequential, .rms(epsilon: 1e-6), .geluTanh, gated: true, bias: false, attention(kvHeads: 1, headDim: 8),
        [.windowedAttention, .attention])
      shape.normPlaces = .around
      (shape.attention.rotaryDim, shape.attention.window, shape.attention.headNormEpsilon) = (8, 7, 1e-6)
      (shape.attention.scoreCap, shape.attention.scale, shape.logitCap) = (0.8, 0.6, 3)
      shape.otherRotary = .init(layers: [0], dimensions: 8, base: 100)
      (shape.multipliers.embedding, shape.multipliers.roundsEmbedding) = (24.0.squareRoot(), true)
      shape.tiesHead = true
      return shape
    case .relu:
      return base(
        .sequential, .layer(epsilon: 1e-5), .squaredRelu, gated: false, bias: false, attention(kvHeads: 4),
        [.attention])
    }
  }
}

extension DecodingEngine {
  /// The logits of all ids by one pass over the whole text.
  func whole(_ ids: [Int32]) -> Tensor {
    withoutGradients { model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).squeezed(0).to(.float32) }
  }
}
