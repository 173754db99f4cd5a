// Gemma 2 (`Gemma2ForCausalLM`) and the models of text of Gemma 3 (`Gemma3ForCausalLM`): norms on both sides of mixers and
// MLPs, stored as w of 1 + w; an embedding times √width that is the head; a scale of the scores of its own; windows in
// most layers. Gemma 2 has soft caps on scores and logits, Gemma 3 norms of queries and keys and other wave lengths in
// layers with a window.

import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers

enum GemmaFamily: Family {
  static let features: Set<DecoderFeature> = [
    .normsBehind, .scoreCap, .logitCap, .mixedRotary, .roundedMultiplier,
  ]

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    let isThree = format == .gemma3
    try json.refuseOtherMathematics(than: [
      "attention_bias", "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "sliding_window",
      "layer_types", isThree ? "rope_local_base_freq" : "layer_types",
    ])
    let defaults = AttentionDefaults(
      heads: 8, kvHeads: 4, headDim: 256, maxLength: isThree ? 131_072 : 8192)
    let own = isThree ? try json.rotary(of: .full, base: json.number("rope_theta", default: 1_000_000)) : json
    var result = try LlamaFamily.gatedRMSDecoder(
      own, format, defaults: defaults, activation: activation(json), tied: true)
    result.setBlocks(.sequential, norms: .around)
    result.multipliers = multipliers(result.modelDim)
    let hasBias = try json.bool("attention_bias", default: false)
    let scalar = try json.number("query_pre_attn_scalar", default: 256)
    guard (1 / largestScalar...largestScalar).contains(scalar) else {
      throw MohawkError(
        .invalidValue, "'query_pre_attn_scalar' is \(scalar), not from \(1 / largestScalar) to \(largestScalar)",
        at: json.path)
    }
    let scoreCap = try json.cap("attn_logit_softcapping", default: isThree ? nil : 50)
    let headNormEpsilon = isThree ? result.normEpsilon : nil
    result.changeAttention {
      ($0.bias, $0.outputBias) = (hasBias, hasBias)
      if scalar != Double($0.headDim) { $0.scale = 1 / scalar.squareRoot() }
      ($0.scoreCap, $0.headNormEpsilon) = (scoreCap, headNormEpsilon)
    }
    result.logitCap = try json.cap("final_logit_softcapping", default: isThree ? nil : 30)
    let pattern = isThree ? try json.integer("sliding_window_pattern", default: 6) : 2
    try json.requireWindow()
    try json.readWindows(&result) { !($0 + 1).isMultiple(of: pattern) }
    guard isThree else { return result }
    guard scoreCap == nil else {
      throw MohawkError(
        .unsupported, "'attn_logit_softcapping' is read by some programs for Gemma 3 and passed over by others",
        at: json.path, remedy: "remove it if the model has none")
    }
    let local = try json.rotary(of: .sliding, base: json.number("rope_local_base_freq", default: 10_000))
    try result.takeRotary(
      ofWindows: AttentionConfiguration(
        local, modelDim: result.modelDim, defaults: defaults, bias: hasBias))
    return result
  }

  private static let largestScalar = 16_777_216.0

  /// Files have a second key, which means nothing to transformers.
  private static func activation(_ json: ModelJSON) throws -> Activation {
    let activation = try json.activation("hidden_activation", default: "gelu_pytorch_tanh")
    guard
      try !json.has("hidden_act") || json.activation(default: "gelu") == activation || !json.has("hidden_activation")
    else {
      throw MohawkError(
        .invalidValue, "'hidden_act' contradicts 'hidden_activation'", at: json.path,
        remedy: "remove the one that is not meant")
    }
    return activation
  }

  /// √width for the embedding.
  private static func multipliers(_ modelDim: Int) -> DecoderConfiguration.Multipliers {
    var result = DecoderConfiguration.Multipliers()
    result.embedding = Double(modelDim).squareRoot()
    result.roundsEmbedding = true
    return result
  }

  private static let norms: KeyValuePairs = [
    "norm.weight": "input_layernorm.weight", "post_norm.weight": "post_attention_layernorm.weight",
    "mlp_norm.weight": "pre_feedforward_layernorm.weight", "mlp_post_norm.weight": "post_feedforward_layernorm.weight",
  ]

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = LlamaFamily.keys(configuration, norms: norms) { table, layer, inner, outer in
      table.addAttention(layer.attention, from: inner + "attention.", to: outer + "self_attn.")
      table.addGatedMLP(bias: false, from: inner + "mlp.", to: outer + "mlp.")
      table.subtractOne(
        from: norms.map { outer + $0.value } + ["q", "k"].map { "\(outer)self_attn.\($0)_norm.weight" })
    }
    table.subtractOne(from: ["model.norm.weight"])
    return table
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let isThree = configuration.format == .gemma3
    var object = configuration.gatedRMSJSON(isThree ? "Gemma3ForCausalLM" : "Gemma2ForCausalLM")
    guard let attention = configuration.sharedAttention, let activation = configuration.sharedMLP?.activation else {
      preconditionFailure("a Gemma without attention or MLPs")
    }
    object["hidden_activation"] = activation == .geluTanh ? "gelu_pytorch_tanh" : activation.configName
    object["hidden_act"] = nil
    object["attention_bias"] = attention.bias
    let scalar = scalar(attention)
    // Published files have whole numbers, which the square of the scale's root does not always give back.
    let isWhole = scalar >= 1 && abs(scalar - scalar.rounded()) < 1e-9 * scalar
    object["query_pre_attn_scalar"] = isWhole ? Int(scalar.rounded()) as Any : scalar
    object["attn_logit_softcapping"] = attention.scoreCap ?? NSNull()
    object["final_logit_softcapping"] = configuration.logitCap ?? NSNull()
    object["layer_types"] = configuration.layerTypes
    object["sliding_window"] = attention.window ?? NSNull()
    guard isThree, let (full, local) = configuration.attentionByKind else { return object }
    object["rope_theta"] = full.rotaryBase
    object["rope_local_base_freq"] = local.rotaryBase
    object["rope_scaling"] = full.rotaryScaling.json
    // Older keys have no word for these.
    if local.rotaryScaling != .none { object["rope_parameters"] = configuration.rotaryByKindJSON }
    return object
  }

  private static func scalar(_ attention: AttentionConfiguration) -> Double {
    1 / (attention.resolvedScale * attention.resolvedScale)
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    let isThree = configuration.format == .gemma3
    let scalar = attention.map(scalar) ?? 1
    return configuration.unsupportedGatedBlocks()
      ?? configuration.firstDifference([
        ("positions on a part of each head", attention?.rotaryDim == attention?.headDim),
        ("norms elsewhere than on both sides of mixers and MLPs", configuration.normPlaces == .around),
        ("other multipliers", configuration.multipliers == multipliers(configuration.modelDim)),
        (
          "a scale of the scores that is not 1 over the root of a whole number",
          abs(scalar - scalar.rounded()) < 1e-6 && scalar <= largestScalar
        ),
        (
          isThree ? "attention without norms of queries and keys" : "norms of queries and keys",
          attention?.headNormEpsilon == (isThree ? configuration.normEpsilon : nil)
        ),
        ("a soft cap on the scores of attention", !isThree || attention?.scoreCap == nil),
        ("an output projection biased unlike the others", attention?.bias == attention?.outputBias),
        ("biases of the MLP", configuration.sharedMLP?.bias == false),
        (
          "rotary positions that differ between layers of a kind",
          isThree ? configuration.attentionByKind != nil : configuration.otherRotary == nil
        ),
      ])
  }
}

extension ModelJSON {
  /// A soft cap, above 0; null means that there is none.
  func cap(_ key: String, default fallback: Double?) throws -> Double? {
    if object[key] is NSNull { return nil }
    guard has(key) else { return fallback }
    let value = try number(key)
    guard value > 0 else {
      throw MohawkError(.invalidValue, "'\(key)' is \(value), not above 0", at: path, remedy: "null means no cap")
    }
    return value
  }
}
