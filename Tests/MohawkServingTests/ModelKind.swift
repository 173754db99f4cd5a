import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import PretendDeviceSupport
import Testing

/// Which mixers a model has.
enum ModelKind: String, CaseIterable, CustomTestStringConvertible {
  case phi, phiMamba, hybrid, windowed, besideWindow, mamba2, mamba, gatedDeltaNet, keptHeads

  var testDescription: String { rawValue }

  var mixers: [DecoderConfiguration.Mixer] {
    switch self {
    case .phi: [.attention, .attention, .attention]
    case .besideWindow: [.discreteMamba2, .attention, .discreteMamba2]
    case .keptHeads: [.discreteMamba2, .attention, .discreteMamba2]
    case .phiMamba: [.discreteMamba2, .discreteMamba2, .discreteMamba2]
    case .hybrid: [.discreteMamba2, .attention, .discreteMamba2]
    case .windowed: [.windowedAttention, .discreteMamba2, .windowedAttention]
    case .mamba2: [.mamba2, .attention, .mamba2]
    case .mamba: [.mamba, .mamba]
    case .gatedDeltaNet: [GatedDeltaNetConfiguration.kind, .attention, GatedDeltaNetConfiguration.kind]
    }
  }

  /// A model whose next token depends on what came before.
  /// - Parameters:
  ///   - seed: other seeds are other models.
  ///   - width: of the hidden state, a multiple of 24.
  ///   - ends: tokens that end a text.
  func model(
    vocabulary: Int = 320, maxLength: Int = 64, seed: UInt64 = 21, width: Int = 24, ends: [Int] = []
  ) -> Decoder {
    Runtime.threads = 1
    var attention = AttentionConfiguration(
      modelDim: width, heads: 4, kvHeads: 2, headDim: width / 4, rotaryDim: 4, maxLength: maxLength, bias: true)
    attention.window = 7
    let window = WindowConfiguration(tokens: 6, sinks: 2, like: attention)
    func geometry(_ kind: MixerKind, layer: Int) -> any MixerGeometry {
      switch kind {
      case .attention:
        var full = attention
        full.window = nil
        return full
      case .windowedAttention: return attention
      case .discreteMamba2:
        return DiscreteMamba2Configuration(
          modelDim: width, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8, window: self == .besideWindow ? window : nil,
          kept: self == .keptHeads ? KeptHeads(of: attention, heads: layer == 0 ? [1, 3] : [0]) : nil)
      case .mamba2: return Mamba2Configuration(modelDim: width, heads: 4, headDim: 12, stateDim: 5, chunk: 8)
      case .mamba: return MambaConfiguration(modelDim: width, stateDim: 5, block: 8)
      default:
        return GatedDeltaNetConfiguration(modelDim: width, heads: 4, headDim: 5, qkHeads: 2, stateDim: 6, chunk: 8)
      }
    }
    var shape = DecoderConfiguration.phi(
      vocabulary: vocabulary, modelDim: width, mlpDim: 96,
      mixers: mixers.enumerated().map { geometry($1, layer: $0) })
    if self == .keptHeads { shape.format = .mohawk }
    shape.tokens.ends = ends
    return Self.noisy(Decoder.fresh(shape, seed: seed, on: TestDevice.current), 0.3, seed: seed + 1)
  }

  /// A model that never ends a text.
  func endless() -> Decoder {
    let model = model(maxLength: 128)
    let end = Int(TextGeneratorTests.tokenizer.endOfText!)
    withoutGradients { model.parameters["lm_head.bias"]!.value.selected(0, end).fill(-1e3) }
    return model
  }

  /// The model, with normal noise of this deviation on its weights.
  @discardableResult static func noisy(_ model: Decoder, _ deviation: Double, seed: UInt64) -> Decoder {
    let noise = RandomGenerator(seed: seed)
    withoutGradients {
      for parameter in model.parameters.all {
        let value = parameter.value
        value.addInPlace(noise.normal(value.shape).to(on: value.device), scale: deviation)
      }
    }
    model.freeze()
    return model
  }
}
