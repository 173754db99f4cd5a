import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension GGUFGeometry {
  /// The attention of all layers with it, with the window of those that have one.
  func attention(_ kinds: [MixerKind], _ epsilon: Double) throws -> AttentionConfiguration {
    let first = kinds.firstIndex(where: \.isAttention) ?? 0
    guard let heads = try metadata.uniform("attention.head_count", layers) else {
      throw metadata.failure(.invalidFormat, "the key \(metadata.name("attention.head_count")) is missing")
    }
    let counts = try metadata.perLayer("attention.head_count_kv", layers)
    let kvHeads = counts?[first] ?? heads
    if let counts, zip(counts, kinds).contains(where: { $1.isAttention && $0 != kvHeads }) {
      throw metadata.failure(
        .unsupported, "the key \(metadata.name("attention.head_count_kv")) differs between layers with attention")
    }
    let isStated = try metadata.value("attention.key_length") != nil
    guard kvHeads > 0, heads.isMultiple(of: kvHeads), isStated || modelDim.isMultiple(of: heads) else {
      throw metadata.failure(
        .invalidValue, "\(heads) heads and \(kvHeads) key-value heads do not fit width \(modelDim)")
    }
    let headDim = isStated ? try metadata.integer("attention.key_length", in: 1...65_536) : modelDim / heads
    guard heads <= 1 << 24 / headDim, try metadata.integer("attention.value_length", default: headDim) == headDim else {
      throw metadata.failure(
        .unsupported, "\(heads) heads whose keys have \(headDim) dimensions and whose values have others, or too many")
    }
    let length = try metadata.integer("context_length")
    let base = try metadata.number("rope.freq_base", default: 10_000)
    guard base > 0 else {
      throw metadata.failure(.invalidValue, "the key \(metadata.name("rope.freq_base")) is not above 0")
    }
    var result = AttentionConfiguration(
      modelDim: modelDim, heads: heads, kvHeads: kvHeads, headDim: headDim, rotaryDim: try rotaryDim(headDim),
      rotaryBase: base, maxLength: try family.windowPeriod == nil ? metadata.lengthWithinWindow(length) : length,
      bias: has("blk.\(first).attn_q.bias") || has("blk.\(first).attn_qkv.bias"))
    result.outputBias = has("blk.\(first).attn_output.bias")
    if family.hasQueryNorms { result.headNormEpsilon = epsilon }
    result.normsAcrossHeads = family == .olmo2
    result.window = try metadata.windows(layers)?.tokens
    if family == .gemma2 { result.scoreCap = try metadata.cap("attn_logit_softcapping", default: 50) }
    if family.isGemma { result.scale = Self.gemmaScale(layers: layers, result) }
    if family.hasMultipliers {
      let scale = try metadata.number("attention.scale", default: 0)
      // The usual scale is said in digits here.
      if scale != 0, abs(scale - result.resolvedScale) > 1e-6 * abs(scale) { result.scale = scale }
    }
    result.rotaryScaling = try metadata.rotaryScaling(length: length)
    if family.hasRotaryTable, result.rotaryDim > 0, has(Self.rotaryTable) { try readTable(&result) }
    if family == .phi3, has(Self.shortTable) || has(Self.longTable) { try readLongRoPE(&result, length) }
    return result
  }

  /// The scale of Gemma's scores by its size, as llama.cpp knows it, since files do not say it; nil for the usual one.
  static func gemmaScale(layers: Int, _ attention: AttentionConfiguration) -> Double? {
    // 46 layers are those of Gemma 2 with 27 billion parameters, 62 those of Gemma 3.
    let isLarge = layers == 46 || layers == 62
    let scalar = isLarge ? attention.modelDim / attention.heads : attention.headDim
    return scalar == attention.headDim ? nil : 1 / Double(scalar).squareRoot()
  }

  /// Layers whose positions are others, as the architecture has them.
  func setPositionsByLayer(_ model: inout DecoderConfiguration) throws {
    switch family {
    case .smollm3:
      model.changeAttention(where: { ($0 + 1).isMultiple(of: Self.unplacedPeriod) }) { $0.rotaryDim = 0 }
    case .gemma3, .olmo2:
      try model.changeAttention {
        if $0.window == nil { return }
        $0.rotaryBase = try metadata.number(
          "rope.freq_base_swa", default: family == .gemma3 ? 10_000 : $0.rotaryBase)
        $0.rotaryScaling = .none
      }
    default: break
    }
  }

  /// Of how many layers of SmolLM 3 the last one has no positions.
  static let unplacedPeriod = 4
  static let shortTable = "rope_factors_short.weight"
  static let longTable = "rope_factors_long.weight"

  private func readLongRoPE(_ attention: inout AttentionConfiguration, _ length: Int) throws {
    let pairs = attention.rotaryDim / 2
    func factors(_ name: String) throws -> [Double] {
      guard has(name), case let all = try weights.tensor(name, as: .float64).reshaped(-1).doubles(), all.count == pairs,
        all.allSatisfy({ $0.isFinite && $0 > 0 })
      else { throw metadata.failure(.mismatch, "the tensor \(name) does not hold \(pairs) factors above 0") }
      return all
    }
    let original = try metadata.integer("rope.scaling.original_context_length", default: length)
    attention.rotaryScaling = .longrope(
      short: try factors(Self.shortTable), long: try factors(Self.longTable), originalLength: original,
      magnitude: try metadata.number("rope.scaling.attn_factor", default: 1))
    if let longest = attention.rotaryScaling.longest, longest < length {
      Notice.report(
        "texts of up to \(longest) tokens are supported, the longer ones of LongRoPE are not", at: weights.path)
    }
  }

  static let rotaryTable = "rope_freqs.weight"

  private func rotaryDim(_ headDim: Int) throws -> Int {
    // In Granite's architectures this key is the switch of the rotary positions.
    if family.hasMultipliers, try !metadata.bool("rope.scaling.finetuned", default: true) { return 0 }
    if family == .gpt2 { return 0 }
    let rotaryDim = try metadata.integer("rope.dimension_count", default: headDim)
    guard rotaryDim <= headDim, rotaryDim.isMultiple(of: 2) else {
      throw metadata.failure(
        .invalidValue, "the key \(metadata.name("rope.dimension_count")) is \(rotaryDim), no even number of \(headDim)")
    }
    return rotaryDim
  }

  /// Reads the factors of the wave lengths, and finds Llama 3's parameters where they make just these factors.
  private func readTable(_ attention: inout AttentionConfiguration) throws {
    let factors = try weights.tensor(Self.rotaryTable, as: .float64).reshaped(-1).doubles()
    guard factors.count == attention.rotaryDim / 2, factors.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw metadata.failure(
        .mismatch,
        "the tensor \(Self.rotaryTable) holds \(factors.count) factors, and \(attention.rotaryDim / 2) above 0 are needed"
      )
    }
    guard case .none = attention.rotaryScaling else {
      throw metadata.failure(
        .unsupported, "the file has another rotary scaling and a table of factors, \(Self.rotaryTable), at once")
    }
    if factors.allSatisfy({ $0 == 1 }) { return }
    attention.rotaryScaling = RotaryScaling(llama3Of: factors, attention) ?? .factors(factors)
  }

  func mamba() throws -> MambaConfiguration {
    MambaConfiguration(
      modelDim: modelDim, innerDim: try metadata.integer("ssm.inner_size"),
      stateDim: try metadata.integer("ssm.state_size", in: 1...65_536),
      timeStepRank: try metadata.integer("ssm.time_step_rank"),
      convWidth: try metadata.integer("ssm.conv_kernel", in: 2...64), projectionBias: false,
      convolutionBias: has("blk.0.ssm_conv1d.bias"))
  }

  /// The sizes of the Mamba-2 mixers in the file, groups of zeros included.
  func mamba2Sizes() throws -> (inner: Int, heads: Int, groups: Int, state: Int, padding: Int) {
    let inner = try metadata.integer("ssm.inner_size")
    let heads = try metadata.integer("ssm.time_step_rank")
    let groups = try metadata.integer("ssm.group_count", default: 1)
    let padding = try weights.metadata.integer(Self.paddingKey) ?? 0
    guard heads.isMultiple(of: groups), inner.isMultiple(of: heads), (0..<groups).contains(padding) else {
      throw metadata.failure(
        .invalidValue,
        "\(heads) heads in \(groups) groups, \(padding) of them empty, do not fit \(inner) channels of Mamba-2")
    }
    return (inner, heads, groups, try metadata.integer("ssm.state_size", in: 1...65_536), padding)
  }

  func mamba2(epsilon: Double) throws -> Mamba2Configuration {
    let sizes = try mamba2Sizes()
    let groups = sizes.groups - sizes.padding
    return Mamba2Configuration(
      modelDim: modelDim, heads: sizes.heads / sizes.groups * groups, headDim: sizes.inner / sizes.heads,
      groups: groups, stateDim: sizes.state, convWidth: try metadata.integer("ssm.conv_kernel", in: 2...64), chunk: 256,
      normGroups: groups, normEpsilon: epsilon,
      convolutionBias: weights.names.contains { $0.hasSuffix(".ssm_conv1d.bias") }, timeStepLimit: 0...Double.infinity)
  }
}

extension RotaryScaling {
  /// Llama 3's parameters that make these factors, as near as single precision is; nil when none do.
  init?(llama3Of factors: [Double], _ attention: AttentionConfiguration) {
    guard let factor = factors.max(), factor > 1 else { return nil }
    for exponent in 5...17 {
      let scaling = RotaryScaling.llama3(factor: factor, low: 1, high: 4, originalLength: Double(1 << exponent))
      let plain = RotaryScaling.none.frequencies(dimensions: attention.rotaryDim, base: attention.rotaryBase)
      let stretched = scaling.frequencies(dimensions: attention.rotaryDim, base: attention.rotaryBase)
      let isSame = factors.indices.allSatisfy { abs(plain[$0] / stretched[$0] / factors[$0] - 1) < 1e-5 }
      if isSame {
        self = scaling
        return
      }
    }
    return nil
  }
}
