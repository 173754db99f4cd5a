import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import PretendDeviceSupport

@testable import MohawkDecoding

/// Small models that together have everything that a decoder can have.
enum EngineModels: String, CaseIterable, Sendable {
  case phi, phiMamba, besideWindow, besideWindowAlone, keptHeads, keptHeadsBesideWindow, llama, window, qwen3, neoX,
    gpt2, granite, mamba2, mamba2Groups,
    mamba2Plain, mamba, mambaWide,
    relu, unplaced, olmo, gemma, uneven

  static let vocabulary = 50

  func engine(compute: DType? = nil, dtype: DType = .float32) -> DecodingEngine {
    DecodingEngine(Decoder.fresh(shape, seed: 21, dtype: dtype, compute: compute, on: TestDevice.current))
  }

  private func base(
    _ layout: DecoderConfiguration.Layout, _ norm: Norm.Kind, _ activation: Activation, gated: Bool, bias: Bool,
    norms: DecoderConfiguration.NormPlaces = .before, _ mixers: [any MixerGeometry]
  ) -> DecoderConfiguration {
    let mlp = DecoderConfiguration.MLP(width: 40, activation: activation, isGated: gated, bias: bias)
    return DecoderConfiguration(
      format: .mohawk, vocabulary: Self.vocabulary, modelDim: 24,
      layers: mixers.map { DecoderLayer($0, mlp: mlp, layout: layout, norms: norms) }, norm: norm)
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
      let attention = attention(rotaryDim: 4, bias: true)
      var shape = base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, [attention, attention])
      shape.headBias = true
      return shape
    case .phiMamba:
      let mamba = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 21, chunk: 8)
      return base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true,
        [mamba, attention(kvHeads: 4, rotaryDim: 4, bias: true), mamba])
    case .besideWindow:
      // Heads of queries and keys other than those of x, and rotary positions other than the attention's.
      let mamba = DiscreteMamba2Configuration(
        modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 21, chunk: 8,
        window: WindowConfiguration(
          tokens: 9, sinks: 3, kvHeads: 2, headDim: 10, rotaryDim: 10, rotaryBase: 500,
          rotaryScaling: .linear(factor: 2)))
      var attention = attention(rotaryDim: 4)
      attention.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
      return base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, [mamba, attention, mamba])
    case .besideWindowAlone:
      var window = WindowConfiguration(
        tokens: 16, sinks: 0, kvHeads: 4, headDim: 6, rotaryDim: 4, bias: true, scale: 0.5)
      window.headNormEpsilon = 1e-6
      window.rotaryScaling = .yarn(.init(factor: 8, originalLength: 12))
      let mamba = DiscreteMamba2Configuration(
        modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, chunk: 8, window: window)
      return base(.parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, [mamba, mamba])
    case .keptHeads:
      // In layers with other numbers of them, and in one with none; biases, and positions on a part of a head.
      let kept = attention(headDim: 10, rotaryDim: 8, bias: true)
      func mamba(_ heads: [Int]) -> DiscreteMamba2Configuration {
        DiscreteMamba2Configuration(
          modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, chunk: 8,
          kept: heads.isEmpty ? nil : KeptHeads(of: kept, heads: heads))
      }
      return base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true,
        [mamba([0, 1, 3]), attention(rotaryDim: 4), mamba([]), mamba([2])])
    case .keptHeadsBesideWindow:
      var kept = attention(kvHeads: 4, rotaryDim: 4)
      (kept.headNormEpsilon, kept.rotaryScaling) = (1e-6, .linear(factor: 3))
      func mamba(_ heads: [Int]) -> DiscreteMamba2Configuration {
        DiscreteMamba2Configuration(
          modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, chunk: 8,
          window: WindowConfiguration(
            tokens: 16, sinks: 0, kvHeads: 4, headDim: 6, rotaryDim: 4, bias: true, scale: 0.5),
          kept: KeptHeads(of: kept, heads: heads))
      }
      return base(
        .parallel, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, [mamba([1]), mamba([0, 2, 3])])
    case .llama:
      var attention = attention(kvHeads: 1, headDim: 10, rotaryDim: 10)
      attention.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, originalLength: 32)
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, [attention, attention])
      shape.tiesHead = true
      return shape
    case .window:
      var windowed = attention()
      windowed.window = 7
      return base(.sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: true, [windowed, attention()])
    case .qwen3:
      var attention = attention(headDim: 8)
      attention.headNormEpsilon = 1e-6
      attention.rotaryScaling = .longrope(
        short: [1, 1.5, 2, 3], long: [2, 3, 4, 9], originalLength: 128, magnitude: 1.25)
      return base(.sequential, .rms(epsilon: 1e-6), .silu, gated: true, bias: false, [attention])
    case .neoX:
      let attention = attention(kvHeads: 4, rotaryDim: 2, bias: true)
      return base(
        .parallelNorms, .layer(epsilon: 1e-5), .gelu, gated: false, bias: true, [attention, attention])
    case .gpt2:
      let attention = attention(kvHeads: 4, rotaryDim: 0, bias: true)
      var shape = base(
        .sequential, .layer(epsilon: 1e-5), .geluTanh, gated: false, bias: true, [attention, attention])
      shape.learnedPositions = 128
      shape.tiesHead = true
      return shape
    case .granite:
      var attention = attention(rotaryDim: 0)
      attention.scale = 0.1
      var shape = base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false,
        [mamba2(2, norm: 1), attention, mamba2(2, norm: 1)])
      (shape.multipliers.embedding, shape.multipliers.residual, shape.multipliers.logits) = (3, 0.5, 1.5)
      return shape
    case .mamba2, .mamba2Groups, .mamba2Plain:
      var mamba = self == .mamba2Groups ? mamba2(3, norm: 3) : mamba2(state: 32)
      if self == .mamba2Plain {
        mamba = mamba2(state: 40, norm: nil)
        (mamba.projectionBias, mamba.convolutionBias) = (true, false)
        (mamba.timeStepLimit, mamba.convWidth) = (0.01...0.05, 2)
      }
      var shape = base(.mixerOnly, .rms(epsilon: 1e-5), .silu, gated: false, bias: false, [mamba, mamba])
      shape.tiesHead = true
      return shape
    case .mamba, .mambaWide:
      let mamba =
        self == .mamba
        ? MambaConfiguration(modelDim: 24, stateDim: 5)
        : MambaConfiguration(
          modelDim: 24, innerDim: 40, stateDim: 16, timeStepRank: 3, projectionBias: true, convolutionBias: false)
      return base(.mixerOnly, .rms(epsilon: 1e-5), .silu, gated: false, bias: false, [mamba, mamba])
    case .unplaced:
      let full = attention(rotaryDim: 4)
      var local = full
      (local.window, local.rotaryDim) = (6, 0)
      return base(.sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, [full, local, full])
    case .olmo:
      var full = attention(bias: true)
      (full.headNormEpsilon, full.normsAcrossHeads) = (1e-5, true)
      var local = full
      (local.window, local.rotaryDim, local.rotaryBase) = (5, 6, 500)
      full.rotaryScaling = .yarn(.init(factor: 4, originalLength: 16))
      return base(
        .sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, norms: .after,
        [local, mamba2(2, norm: 2), full])
    case .gemma:
      var full = attention(kvHeads: 1, headDim: 8, rotaryDim: 8)
      (full.headNormEpsilon, full.scoreCap, full.scale) = (1e-6, 0.8, 0.6)
      var local = full
      (local.window, local.rotaryBase) = (7, 100)
      var shape = base(
        .sequential, .rms(epsilon: 1e-6), .geluTanh, gated: true, bias: false, norms: .around, [local, full])
      shape.logitCap = 3
      (shape.multipliers.embedding, shape.multipliers.roundsEmbedding) = (24.0.squareRoot(), true)
      shape.tiesHead = true
      return shape
    case .uneven:
      // Each layer has a mixer, an MLP and a way to join them of its own.
      var windowed = attention(kvHeads: 4, headDim: 10, rotaryDim: 8, bias: true)
      (windowed.heads, windowed.window, windowed.rotaryBase) = (8, 6, 300)
      var shape = base(.sequential, .rms(epsilon: 1e-5), .silu, gated: true, bias: false, [attention()])
      shape.layers += [
        DecoderLayer(
          windowed, mlp: .init(width: 28, activation: .geluTanh, isGated: false, bias: true), layout: .parallel),
        DecoderLayer(mamba2(2, norm: 2), mlp: nil, layout: .mixerOnly),
        DecoderLayer(
          mamba2(state: 9), mlp: .init(width: 52, activation: .silu, isGated: true, bias: true), norms: .around),
        DecoderLayer(
          DiscreteMamba2Configuration(modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 21, chunk: 8), mlp: nil,
          layout: .mixerOnly),
      ]
      return shape
    case .relu:
      return base(
        .sequential, .layer(epsilon: 1e-5), .squaredRelu, gated: false, bias: false, [attention(kvHeads: 4)])
    }
  }
}

extension DecodingEngine {
  /// The logits of all ids by one pass over the whole text.
  func whole(_ ids: [Int32]) -> Tensor {
    withoutGradients { model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).squeezed(0).to(.float32) }
  }
}
