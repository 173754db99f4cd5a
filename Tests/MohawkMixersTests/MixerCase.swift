import MohawkLayers
import MohawkMixers
import MohawkTensor
import PretendDeviceSupport
import Testing

/// The mixers that must keep the laws, small and with nothing at its special initial value.
enum MixerCase: String, CaseIterable, CustomTestStringConvertible {
  case attention = "attention without positions"
  case rotaryAttention = "attention with rotary positions on part of each head"
  case groupedAttention = "attention with grouped keys and values"
  case windowWithSinks = "attention in a window beside the first tokens"
  case stateSpace = "Discrete-Mamba-2 with B and C per head"
  case filteredStateSpace = "Discrete-Mamba-2 of widths whose convolutions run inside the kernels"
  case groupedStateSpace = "Discrete-Mamba-2 with grouped B and C"
  case sharedStateSpace = "Discrete-Mamba-2 with one B and C"
  case windowedStateSpace = "Discrete-Mamba-2 beside a window with sinks, grouped keys and biases"
  case normedWindowedStateSpace = "Discrete-Mamba-2 beside a window with norms of queries and keys"
  case sinklessStateSpace = "Discrete-Mamba-2 beside a window without sinks"
  case narrowlyWindowedStateSpace = "Discrete-Mamba-2 beside a window of one token and sinks"
  case keptHeads = "Discrete-Mamba-2 with heads that keep attention, with grouped keys and biases"
  case keptHeadsBesideWindow = "Discrete-Mamba-2 beside a window, with a head that keeps attention, and norms"
  case mamba2 = "Mamba-2 with one B and C"
  case groupedMamba2 = "Mamba-2 with grouped B and C, and norm by group"
  case headwiseMamba2 = "Mamba-2 with B and C per head, limited steps, all biases, no norm"
  case mamba = "Mamba"
  case biasedMamba = "Mamba with biases of the projections only"
  case gatedDeltaNet = "Gated DeltaNet"
  case groupedDeltaNet = "Gated DeltaNet with grouped queries and keys, in short chunks"
  case kimiDelta = "Kimi Delta Attention"
  case groupedKimiDelta = "Kimi Delta Attention with grouped queries and keys"
  case gatedLinear = "gated linear attention"
  case groupedGatedLinear = "gated linear attention with grouped queries and keys"
  case semiseparable = "general semiseparable"
  case groupedSemiseparable = "general semiseparable with grouped queries and keys, rotated in three planes"
  case linear = "linear attention"
  case eluLinear = "linear attention with 1 + ELU, rotary positions, grouped queries and keys"
  case hedgehog = "Hedgehog linear attention with rotary positions"
  case slidingWindow = "sliding-window attention with sinks, grouped keys and biases"
  case normedSlidingWindow = "sliding-window attention without sinks, with norms of queries and keys"
  case toeplitz = "Toeplitz with fewer taps than tokens"
  case longToeplitz = "Toeplitz with more taps than tokens"
  case monarch = "Monarch with few short blocks"
  case longMonarch = "Monarch with blocks of seven tokens, far back"
  case retention = "the example: retention"

  var testDescription: String { rawValue }
  /// Width of what goes in; some kernels want multiples of 16 per head.
  var modelDim: Int { self == .filteredStateSpace ? 32 : 24 }

  /// Whether the state stays as large as it began.
  var hasConstantState: Bool {
    switch self {
    case .attention, .rotaryAttention, .groupedAttention, .windowWithSinks, .keptHeads, .keptHeadsBesideWindow: false
    default: true
    }
  }

  func build(_ dtype: DType = .float64) -> (mixer: any CausalMixer, parameters: ParameterList) {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 11, on: TestDevice.current), dtype))
    let mixer = mixer(build.root / "mixer")
    let noise = RandomGenerator(seed: 12, on: TestDevice.current)
    withoutGradients {
      for parameter in build.parameters.all {
        parameter.value.addInPlace(noise.normal(parameter.value.shape, dtype), scale: 0.2)
      }
    }
    return (mixer, build.parameters)
  }

  private func mixer(_ scope: ParameterScope) -> any CausalMixer {
    switch self {
    case .attention: attention(kvHeads: 4, rotaryDim: 0, bias: true, scope)
    case .rotaryAttention: attention(kvHeads: 4, rotaryDim: 4, bias: true, scope)
    case .groupedAttention: attention(kvHeads: 2, rotaryDim: 6, bias: false, scope)
    case .windowWithSinks: attention(kvHeads: 2, rotaryDim: 6, bias: true, window: 7, sinks: 3, scope)
    case .stateSpace: stateSpace(qkHeads: 4, chunk: 64, scope)
    case .filteredStateSpace:
      DiscreteMamba2(
        DiscreteMamba2Configuration(modelDim: modelDim, qkHeads: 2, vHeads: 2, stateDim: 16, chunk: 16), scope)
    case .groupedStateSpace: stateSpace(qkHeads: 2, chunk: 16, scope)
    case .sharedStateSpace: stateSpace(qkHeads: 1, chunk: 128, scope)
    case .windowedStateSpace:
      stateSpace(
        qkHeads: 4, chunk: 16,
        window: WindowConfiguration(tokens: 24, sinks: 3, kvHeads: 2, headDim: 8, rotaryDim: 8, bias: true), scope)
    case .normedWindowedStateSpace:
      stateSpace(qkHeads: 4, chunk: 16, window: Self.normedWindow, scope)
    case .sinklessStateSpace:
      stateSpace(
        qkHeads: 2, chunk: 64,
        window: WindowConfiguration(
          tokens: 64, sinks: 0, kvHeads: 4, headDim: 6, rotaryDim: 4, rotaryBase: 100,
          rotaryScaling: .linear(factor: 2), scale: 0.3), scope)
    case .narrowlyWindowedStateSpace:
      stateSpace(
        qkHeads: 1, chunk: 16, window: WindowConfiguration(tokens: 1, sinks: 5, kvHeads: 1, headDim: 4, rotaryDim: 4),
        scope)
    case .keptHeads:
      stateSpace(
        qkHeads: 4, chunk: 16, kept: KeptHeads(of: Self.kept(headDim: 8, bias: true), heads: [3, 0]), scope)
    case .keptHeadsBesideWindow:
      stateSpace(
        qkHeads: 2, chunk: 16, window: Self.normedWindow,
        kept: KeptHeads(of: Self.kept(headDim: 6, norms: 1e-5), heads: [2]), scope)
    case .mamba2:
      mamba2(Mamba2Configuration(modelDim: modelDim, heads: 4, headDim: 12, stateDim: 5), scope)
    case .groupedMamba2:
      mamba2(
        Mamba2Configuration(
          modelDim: modelDim, heads: 4, headDim: 3, groups: 2, stateDim: 7, convWidth: 3, chunk: 16, normGroups: 2,
          convolutionBias: false), scope)
    case .headwiseMamba2:
      mamba2(
        Mamba2Configuration(
          modelDim: modelDim, heads: 3, headDim: 8, groups: 3, stateDim: 5, chunk: 100, normGroups: nil,
          projectionBias: true, timeStepLimit: 0.02...0.5), scope)
    case .mamba: Mamba(MambaConfiguration(modelDim: modelDim, innerDim: 5, stateDim: 3), scope)
    case .biasedMamba:
      Mamba(
        MambaConfiguration(
          modelDim: modelDim, innerDim: 4, stateDim: 2, timeStepRank: 3, convWidth: 2, block: 7,
          projectionBias: true, convolutionBias: false), scope)
    case .gatedDeltaNet:
      GatedDeltaNet(GatedDeltaNetConfiguration(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 5), scope)
    case .groupedDeltaNet:
      GatedDeltaNet(
        GatedDeltaNetConfiguration(
          modelDim: modelDim, heads: 4, headDim: 3, qkHeads: 2, stateDim: 7, convWidth: 3, chunk: 12), scope)
    case .kimiDelta: KimiDelta(KimiDeltaConfiguration(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 5), scope)
    case .groupedKimiDelta:
      KimiDelta(
        KimiDeltaConfiguration(
          modelDim: modelDim, heads: 4, headDim: 3, qkHeads: 2, stateDim: 7, gateRank: 4, convWidth: 3), scope)
    case .gatedLinear:
      GatedLinear(GatedLinearConfiguration(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 5), scope)
    case .groupedGatedLinear:
      GatedLinear(
        GatedLinearConfiguration(
          modelDim: modelDim, heads: 4, headDim: 3, qkHeads: 2, stateDim: 7, gateRank: 3, gateDivisor: 2), scope)
    case .semiseparable:
      Semiseparable(SemiseparableConfiguration(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 5), scope)
    case .groupedSemiseparable:
      Semiseparable(
        SemiseparableConfiguration(
          modelDim: modelDim, heads: 4, headDim: 3, qkHeads: 2, stateDim: 7, planes: 3, gateRank: 3, gateDivisor: 2),
        scope)
    case .linear:
      LinearAttention<IdentityMap>(.init(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 5, chunk: 16), scope)
    case .eluLinear:
      LinearAttention<ELUMap>(
        .init(modelDim: modelDim, heads: 4, headDim: 3, qkHeads: 2, stateDim: 6, rotaryDim: 4), scope)
    case .hedgehog:
      LinearAttention<HedgehogMap>(
        .init(modelDim: modelDim, heads: 4, headDim: 6, stateDim: 6, rotaryDim: 6, chunk: 32), scope)
    case .slidingWindow:
      SlidingWindowAttention(
        .init(
          modelDim: modelDim, heads: 4,
          window: WindowConfiguration(tokens: 24, sinks: 3, kvHeads: 2, headDim: 8, rotaryDim: 8, bias: true),
          outputBias: true), scope)
    case .normedSlidingWindow:
      SlidingWindowAttention(.init(modelDim: modelDim, heads: 4, window: Self.sinklessWindow), scope)
    case .toeplitz: Toeplitz(.init(modelDim: modelDim, heads: 4, headDim: 6, taps: 5), scope)
    case .longToeplitz: Toeplitz(.init(modelDim: modelDim, heads: 3, headDim: 4, taps: 100), scope)
    case .monarch: Monarch(.init(modelDim: modelDim, heads: 4, headDim: 6, block: 4, reach: 3), scope)
    case .longMonarch: Monarch(.init(modelDim: modelDim, heads: 3, headDim: 4, block: 7, reach: 30), scope)
    case .retention: Retention(RetentionGeometry(modelDim: modelDim, heads: 4, headDim: 6), scope)
    }
  }

  private static var normedWindow: WindowConfiguration {
    var window = WindowConfiguration(tokens: 9, sinks: 2, kvHeads: 2, headDim: 6, rotaryDim: 4, bias: true)
    window.headNormEpsilon = 1e-5
    return window
  }

  /// An attention of four heads, two of keys.
  private static func kept(headDim: Int, bias: Bool = false, norms: Double? = nil) -> AttentionConfiguration {
    var attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: headDim, rotaryDim: 4, maxLength: 1024, bias: bias)
    attention.headNormEpsilon = norms
    return attention
  }

  private static var sinklessWindow: WindowConfiguration {
    var window = normedWindow
    (window.tokens, window.sinks, window.bias, window.scale) = (64, 0, false, 0.3)
    return window
  }

  private func attention(
    kvHeads: Int, rotaryDim: Int, bias: Bool, window: Int? = nil, sinks: Int? = nil, _ scope: ParameterScope
  ) -> any CausalMixer {
    var configuration = AttentionConfiguration(
      modelDim: modelDim, heads: 4, kvHeads: kvHeads, headDim: 6, rotaryDim: rotaryDim, maxLength: 1024, bias: bias)
    (configuration.window, configuration.sinks) = (window, sinks)
    return Attention(configuration, scope)
  }

  private func stateSpace(
    qkHeads: Int, chunk: Int, window: WindowConfiguration? = nil, kept: KeptHeads? = nil, _ scope: ParameterScope
  ) -> any CausalMixer {
    DiscreteMamba2(
      DiscreteMamba2Configuration(
        modelDim: modelDim, qkHeads: qkHeads, vHeads: 4, stateDim: 5, chunk: chunk, window: window,
        kept: kept), scope)
  }

  private func mamba2(_ configuration: Mamba2Configuration, _ scope: ParameterScope) -> any CausalMixer {
    Mamba2(configuration, scope)
  }
}
