// This project's own format, for students that no other architecture describes: the geometry as it is, and the
// parameters under their own names.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum MohawkFamily: Family {
  static let features = Set(DecoderFeature.allCases)

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [])
    let modelDim = try json.integer("hidden_size")
    let kinds = try json.strings("layers")
    let norm = try json.nested("norm")
    let epsilon = try norm.epsilon("epsilon", default: 1e-5)
    let mlp = try json.nested("mlp")
    var result = DecoderConfiguration(
      format: format, vocabulary: try json.integer("vocab_size"), modelDim: modelDim, layers: kinds.count,
      layout: try json.choice("layout"),
      norm: try norm.choice("kind") == NormName.rms ? .rms(epsilon: epsilon) : .layer(epsilon: epsilon),
      mlp: .init(
        width: try mlp.integer("width"), activation: try mlp.choice("activation"),
        isGated: try mlp.bool("gated", default: false), bias: try mlp.bool("bias", default: false)))
    result.mixers = try kinds.map { name in
      let kind = DecoderConfiguration.Mixer(rawValue: name)
      guard MixerKind.all.contains(kind) else {
        let known = MixerKind.all.map(\.rawValue).joined(separator: ", ")
        throw MohawkError(
          .unsupported, "the mixer '\(name)' is not known", at: "\(json.path): layers", remedy: "known are \(known)")
      }
      return kind
    }
    guard (1...10_000).contains(kinds.count) else {
      throw MohawkError(.invalidValue, "\(kinds.count) layers are not from 1 to 10000", at: "\(json.path): layers")
    }
    if result.hasAttention { result.attention = try attention(json.nested("attention"), modelDim) }
    for kind in Set(result.mixers) where !kind.isAttention {
      result.geometries[kind] = try json.geometry(of: kind, modelDim)
    }
    if let kept = result.keptHeads,
      let layer = kept.byLayer.indices.last(where: {
        !kept.heads(in: $0).isEmpty && ($0 >= result.mixers.count || result.mixers[$0] != .discreteMamba2)
      })
    {
      throw MohawkError(
        .invalidValue, "'kept_heads' names heads of layer \(layer), which is no layer of discrete-mamba-2",
        at: json.path)
    }
    guard result.attention.window != nil || !result.mixers.contains(.windowedAttention) else {
      throw MohawkError(
        .invalidFormat, "there are layers with a sliding window, and the key 'window' is missing",
        at: "\(json.path): attention")
    }
    if json.has("norm_places") { result.normPlaces = try json.choice("norm_places") }
    guard result.normPlaces == .before || result.layout == .sequential else {
      throw MohawkError(
        .unsupported, "norms behind mixers and MLPs are for sequential layouts, not for \(result.layout.rawValue)",
        at: json.path)
    }
    if let scales = try json.object("multipliers") { result.multipliers = try multipliers(scales) }
    if json.has("logit_cap") { result.logitCap = try json.cap("logit_cap", default: nil) }
    if let other = try json.object("other_rotary") {
      result.otherRotary = try otherRotary(other, result)
      result.settleAttention()
    }
    if json.has("learned_positions") { result.learnedPositions = try json.integer("learned_positions") }
    result.tiesHead = try json.bool("tie_word_embeddings", default: false)
    result.headBias = try json.bool("head_bias", default: false)
    result.tokens = json.tokenRoles()
    return result
  }

  private enum NormName: String { case layer, rms }

  static func attention(_ json: ModelJSON, _ modelDim: Int) throws -> AttentionConfiguration {
    var result = try AttentionConfiguration(json, modelDim: modelDim, bias: json.bool("bias", default: false))
    result.outputBias = try json.bool("output_bias", default: false)
    if json.has("head_norm_epsilon") { result.headNormEpsilon = try json.epsilon("head_norm_epsilon", default: 1e-6) }
    result.normsAcrossHeads = try json.bool("norms_across_heads", default: false)
    if json.has("window") { result.window = try json.integer("window") }
    if json.has("scale") { result.scale = try json.number("scale") }
    result.scoreCap = try json.cap("score_cap", default: nil)
    return result
  }

  private static func multipliers(_ json: ModelJSON) throws -> DecoderConfiguration.Multipliers {
    var result = DecoderConfiguration.Multipliers()
    result.embedding = try json.number("embedding", default: 1)
    result.roundsEmbedding = try json.bool("rounds_embedding", default: false)
    result.residual = try json.number("residual", default: 1)
    result.logits = try json.number("logits", default: 1)
    guard result.logits != 0 else {
      throw MohawkError(.invalidValue, "'logits', by which logits are divided, is 0", at: json.path)
    }
    return result
  }

  private static func otherRotary(
    _ json: ModelJSON, _ configuration: DecoderConfiguration
  ) throws -> DecoderConfiguration.OtherRotary {
    let attention = configuration.attention
    let all = configuration.mixers.indices
    guard let layers = json.object["layers"] as? [Int],
      layers.allSatisfy({ all.contains($0) && configuration.mixers[$0].isAttention })
    else {
      throw MohawkError(.invalidValue, "'layers' is not a list of layers with attention", at: json.path)
    }
    let rotary = try json.rotary(base: 10_000, fraction: 1, length: attention.maxLength)
    let dimensions = try AttentionConfiguration.rotaryDim(attention.headDim, rotary.fraction, at: json.path)
    try AttentionConfiguration.require(rotary.scaling, on: dimensions, at: json.path)
    return .init(layers: Set(layers), dimensions: dimensions, base: rotary.base, scaling: rotary.scaling)
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.mapAnyToItself()
    table.mapVocabulary(embedding: "embedding.weight", head: "lm_head.weight", isTied: configuration.tiesHead)
    return table
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let isRMS = configuration.norm == .rms(epsilon: configuration.normEpsilon)
    var object: [String: Any] = [
      "architectures": ["MohawkForCausalLM"], "model_type": "mohawk", "torch_dtype": "float32",
      "vocab_size": configuration.vocabulary, "hidden_size": configuration.modelDim,
      "num_hidden_layers": configuration.mixers.count, "layers": configuration.mixers.map(\.rawValue),
      "layout": configuration.layout.rawValue, "tie_word_embeddings": configuration.tiesHead,
      "head_bias": configuration.headBias,
      "norm": ["kind": isRMS ? "rms" : "layer", "epsilon": configuration.normEpsilon] as [String: Any],
      "mlp": [
        "width": configuration.mlp.width, "activation": configuration.mlp.activation.rawValue,
        "gated": configuration.mlp.isGated, "bias": configuration.mlp.bias,
      ] as [String: Any],
    ]
    object["learned_positions"] = configuration.learnedPositions
    // What few models have stands in the files of those only.
    if configuration.normPlaces != .before { object["norm_places"] = configuration.normPlaces.rawValue }
    object["logit_cap"] = configuration.logitCap
    if configuration.multipliers != .init() { object["multipliers"] = json(configuration.multipliers) }
    if let other = configuration.otherRotary {
      var described = ModelJSON.rotary(other.dimensions, configuration.attention.headDim, other.base, other.scaling)
      described["layers"] = other.layers.sorted()
      object["other_rotary"] = described
    }
    if configuration.hasAttention { object["attention"] = json(configuration.attention) }
    for kind in Set(configuration.mixers) where !kind.isAttention {
      object[kind.jsonKey] = configuration.geometries[kind]?.json
    }
    object.merge(configuration.tokens.json) { $1 }
    return object
  }

  private static func json(_ multipliers: DecoderConfiguration.Multipliers) -> [String: Any] {
    [
      "embedding": multipliers.embedding, "rounds_embedding": multipliers.roundsEmbedding,
      "residual": multipliers.residual, "logits": multipliers.logits,
    ]
  }

  static func json(_ attention: AttentionConfiguration) -> [String: Any] {
    var object = ModelJSON.rotary(
      attention.rotaryDim, attention.headDim, attention.rotaryBase, attention.rotaryScaling)
    object.merge([
      "num_attention_heads": attention.heads, "num_key_value_heads": attention.kvHeads, "head_dim": attention.headDim,
      "max_position_embeddings": attention.maxLength, "bias": attention.bias, "output_bias": attention.outputBias,
    ]) { $1 }
    object["head_norm_epsilon"] = attention.headNormEpsilon
    if attention.normsAcrossHeads { object["norms_across_heads"] = true }
    object["window"] = attention.window
    object["scale"] = attention.scale
    object["score_cap"] = attention.scoreCap
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    configuration.mixers.lazy.compactMap(unsupportedFeature).first
  }

  /// What keeps a kind of mixer out of the format: without a form in JSON nothing could say what its weights mean.
  private static func unsupportedFeature(to kind: MixerKind) -> String? {
    kind.isAttention || kind.geometry.map(ModelJSON.canHold) ?? false
      ? nil : "\(kind.rawValue), whose geometry is not Codable"
  }
}
