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
    let vocabulary = try json.integer("vocab_size")
    let layout: DecoderConfiguration.Layout = try json.choice("layout")
    let kind: NormName = try norm.choice("kind")
    // A model without MLPs has the object all the same.
    let ownMLP = DecoderConfiguration.MLP(
      width: try mlp.integer("width"), activation: try mlp.choice("activation"),
      isGated: try mlp.bool("gated", default: false), bias: try mlp.bool("bias", default: false))
    let mixers = try Self.mixers(kinds.map { try known($0, json) }, json, modelDim)
    let norms: DecoderConfiguration.NormPlaces = json.has("norm_places") ? try json.choice("norm_places") : .before
    guard norms == .before || layout == .sequential else {
      throw MohawkError(
        .unsupported, "norms behind mixers and MLPs are for sequential layouts, not for \(layout.rawValue)",
        at: json.path)
    }
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim,
      layers: mixers.map { DecoderLayer($0, mlp: ownMLP, layout: layout, norms: norms) },
      norm: kind == .rms ? .rms(epsilon: epsilon) : .layer(epsilon: epsilon))
    if let scales = try json.object("multipliers") { result.multipliers = try multipliers(scales) }
    if json.has("logit_cap") { result.logitCap = try json.cap("logit_cap", default: nil) }
    if let other = try json.object("other_rotary") { try setRotary(other, of: &result) }
    if json.has("learned_positions") { result.learnedPositions = try json.integer("learned_positions") }
    result.tiesHead = try json.bool("tie_word_embeddings", default: false)
    result.headBias = try json.bool("head_bias", default: false)
    result.tokens = json.tokenRoles()
    return result
  }

  private enum NormName: String { case layer, rms }

  private static func known(_ name: String, _ json: ModelJSON) throws -> MixerKind {
    let kind = MixerKind(rawValue: name)
    guard MixerKind.all.contains(kind) else {
      let known = MixerKind.all.map(\.rawValue).joined(separator: ", ")
      throw MohawkError(
        .unsupported, "the mixer '\(name)' is not known", at: "\(json.path): layers", remedy: "known are \(known)")
    }
    return kind
  }

  /// The mixers of layers of these kinds. The file describes each kind once.
  private static func mixers(_ kinds: [MixerKind], _ json: ModelJSON, _ modelDim: Int) throws -> [any MixerGeometry] {
    guard (1...10_000).contains(kinds.count) else {
      throw MohawkError(.invalidValue, "\(kinds.count) layers are not from 1 to 10000", at: "\(json.path): layers")
    }
    var geometries: [MixerKind: any MixerGeometry] = [:]
    if kinds.contains(where: \.isAttention) {
      var attention = try Self.attention(json.nested("attention"), modelDim)
      geometries[.windowedAttention] = attention
      guard attention.window != nil || !kinds.contains(.windowedAttention) else {
        throw MohawkError(
          .invalidFormat, "there are layers with a sliding window, and the key 'window' is missing",
          at: "\(json.path): attention")
      }
      attention.window = nil
      geometries[.attention] = attention
    }
    for kind in Set(kinds) where !kind.isAttention { geometries[kind] = try json.geometry(of: kind, modelDim) }
    var mixers = kinds.map { geometries[$0]! }
    guard let cell = geometries[.discreteMamba2] as? DiscreteMamba2Configuration,
      let listed = try json.nested(MixerKind.discreteMamba2.jsonKey).object("kept_heads")
    else { return mixers }
    let kept = try KeptHeadTable(listed, modelDim: modelDim, heads: cell.vHeads)
    for (layer, heads) in kept.byLayer.enumerated() where !heads.isEmpty {
      guard layer < kinds.count, var mixer = mixers[layer] as? DiscreteMamba2Configuration else {
        throw MohawkError(
          .invalidValue, "'kept_heads' names heads of layer \(layer), which is no layer of discrete-mamba-2",
          at: json.path)
      }
      mixer.kept = KeptHeads(of: kept.attention, heads: heads)
      mixers[layer] = mixer
    }
    return mixers
  }

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

  /// Gives some layers with attention rotary positions that are not those of the others.
  private static func setRotary(_ json: ModelJSON, of configuration: inout DecoderConfiguration) throws {
    let all = configuration.layers.indices.filter { configuration.layers[$0].attention != nil }
    guard let layers = json.object["layers"] as? [Int], Set(layers).isSubset(of: all) else {
      throw MohawkError(.invalidValue, "'layers' is not a list of layers with attention", at: json.path)
    }
    try configuration.changeAttention(where: Set(layers).contains) {
      let rotary = try json.rotary(base: 10_000, fraction: 1, length: $0.maxLength)
      $0.rotaryDim = try AttentionConfiguration.rotaryDim($0.headDim, rotary.fraction, at: json.path)
      try AttentionConfiguration.require(rotary.scaling, on: $0.rotaryDim, at: json.path)
      // Layers without positions keep the wave lengths of the others, which mean nothing then.
      if $0.rotaryDim > 0 { ($0.rotaryBase, $0.rotaryScaling) = (rotary.base, rotary.scaling) }
    }
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
      "num_hidden_layers": configuration.layers.count, "layers": configuration.mixers.map(\.rawValue),
      "tie_word_embeddings": configuration.tiesHead, "head_bias": configuration.headBias,
      "norm": ["kind": isRMS ? "rms" : "layer", "epsilon": configuration.normEpsilon] as [String: Any],
    ]
    object["layout"] = configuration.layout?.rawValue
    let mlp = configuration.sharedMLP ?? none
    object["mlp"] =
      [
        "width": mlp.width, "activation": mlp.activation.rawValue, "gated": mlp.isGated, "bias": mlp.bias,
      ] as [String: Any]
    object["learned_positions"] = configuration.learnedPositions
    // What few models have stands in the files of those only.
    if let places = configuration.normPlaces, places != .before { object["norm_places"] = places.rawValue }
    object["logit_cap"] = configuration.logitCap
    if configuration.multipliers != .init() { object["multipliers"] = json(configuration.multipliers) }
    object["attention"] = configuration.sharedAttention.map { json($0) }
    if let (layers, other) = configuration.otherRotary {
      let isPlaced = other.rotaryDim > 0
      var described = ModelJSON.rotary(
        other.rotaryDim, other.headDim, isPlaced ? other.rotaryBase : 10_000, isPlaced ? other.rotaryScaling : .none)
      described["layers"] = layers
      object["other_rotary"] = described
    }
    for kind in Set(configuration.mixers) where !kind.isAttention {
      object[kind.jsonKey] = configuration.shared(kind)?.json
    }
    if let kept = KeptHeadTable(configuration) {
      let key = MixerKind.discreteMamba2.jsonKey
      object[key] = (object[key] as? [String: Any] ?? [:]).merging(["kept_heads": kept.json]) { $1 }
    }
    object.merge(configuration.tokens.json) { $1 }
    return object
  }

  /// What stands where a model has no MLPs.
  private static let none = DecoderConfiguration.MLP(width: 1, activation: .silu, isGated: true, bias: false)

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
    Set(configuration.mixers).lazy.compactMap(unsupportedFeature).min()
  }

  /// What keeps a kind of mixer out of the format: without a form in JSON nothing could say what its weights mean.
  private static func unsupportedFeature(to kind: MixerKind) -> String? {
    kind.isAttention || kind.geometry.map(ModelJSON.canHold) ?? false
      ? nil : "\(kind.rawValue), whose geometry is not Codable"
  }
}
