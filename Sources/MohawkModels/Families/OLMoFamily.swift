// OLMo 2 (`Olmo2ForCausalLM`): Llama with norms behind mixers and MLPs instead of before them, and norms over all queries and
// all keys of a token; and OLMo 3 (`Olmo3ForCausalLM`), in which most layers have a sliding window besides.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum OLMoFamily: Family {
  static let features: Set<DecoderFeature> = [.normsBehind, .normsAcrossHeads, .mixedRotary]
  /// What leaving `rope_theta` out means in OLMo 3.
  private static let base = 500_000.0

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    let isThree = format == .olmo3
    try json.refuseOtherMathematics(
      than: isThree ? ["attention_bias", "sliding_window", "layer_types"] : ["attention_bias"])
    let own = isThree ? try json.rotary(of: .full, base: json.number("rope_theta", default: base)) : json
    var result = try LlamaFamily.gatedRMSDecoder(own, format, defaults: .init(heads: 32), epsilon: 1e-5)
    result.setBlocks(.sequential, norms: .after)
    let (hasBias, epsilon) = (try json.bool("attention_bias", default: false), result.normEpsilon)
    result.changeAttention {
      ($0.bias, $0.outputBias) = (hasBias, hasBias)
      ($0.headNormEpsilon, $0.normsAcrossHeads) = (epsilon, true)
    }
    guard isThree else { return result }
    try json.requireWindow()
    try json.readWindows(&result) { !($0 + 1).isMultiple(of: 4) }
    let local = try json.rotary(of: .sliding, base: base)
    try result.takeRotary(
      ofWindows: AttentionConfiguration(
        local, modelDim: result.modelDim, defaults: .init(heads: 32), bias: hasBias))
    try requireOneBase(json, result)
    return result
  }

  /// A base at the top is that of the layers without a window in transformers, and of all layers elsewhere.
  private static func requireOneBase(_ json: ModelJSON, _ configuration: DecoderConfiguration) throws {
    guard json.has("rope_theta"), let (full, local) = configuration.attentionByKind, local.window != nil else { return }
    guard full.rotaryBase == local.rotaryBase else {
      throw MohawkError(
        .unsupported,
        "'rope_theta' is \(full.rotaryBase), and layers with a window have \(local.rotaryBase) unless the file says otherwise",
        at: json.path, remedy: "say the base of each kind of layers in 'rope_parameters'")
    }
  }

  static let norms: KeyValuePairs = [
    "post_norm.weight": "post_attention_layernorm.weight", "mlp_post_norm.weight": "post_feedforward_layernorm.weight",
  ]

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    LlamaFamily.keys(configuration, norms: norms) { table, layer, inner, outer in
      table.addAttention(layer.attention, from: inner + "attention.", to: outer + "self_attn.")
      table.addGatedMLP(bias: false, from: inner + "mlp.", to: outer + "mlp.")
    }
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let isThree = configuration.format == .olmo3
    var object = configuration.gatedRMSJSON(isThree ? "Olmo3ForCausalLM" : "Olmo2ForCausalLM")
    let attention = configuration.sharedAttention
    object["attention_bias"] = attention?.bias
    if attention?.width == configuration.modelDim { object["head_dim"] = nil }
    guard isThree, let (full, local) = configuration.attentionByKind else { return object }
    object["layer_types"] = configuration.layerTypes
    object["sliding_window"] = attention?.window
    object["rope_theta"] = full.rotaryBase
    object["rope_scaling"] = full.rotaryScaling.json
    // Not every version of transformers reads them.
    if local.rotaryBase != base || full.rotaryBase != base || local.rotaryScaling != .none {
      object["rope_parameters"] = configuration.rotaryByKindJSON
      object["rope_theta"] = nil
    }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    let isThree = configuration.format == .olmo3
    return configuration.unsupportedGatedRMS()
      ?? configuration.firstDifference([
        ("norms elsewhere than behind mixers and MLPs", configuration.normPlaces == .after),
        (
          "attention without norms across the heads of queries and keys",
          attention?.headNormEpsilon == configuration.normEpsilon && attention?.normsAcrossHeads == true
        ),
        ("an output projection biased unlike the others", attention?.bias == attention?.outputBias),
        ("biases of the MLP", configuration.sharedMLP?.bias == false),
        ("a sliding window", isThree || attention?.window == nil),
        (
          "rotary positions that differ between layers of a kind",
          isThree ? configuration.attentionByKind != nil : configuration.otherRotary == nil
        ),
      ])
  }
}
