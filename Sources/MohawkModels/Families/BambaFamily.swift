// Bamba (`BambaForCausalLM`): Granite's hybrid under other names and without its multipliers.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum BambaFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["attention_bias", "mlp_bias", "partial_rotary_factor", "layer_types"])
    var result = try LlamaFamily.gatedRMSDecoder(
      json.without("partial_rotary_factor"), format,
      defaults: .init(kvHeads: 8, fraction: 0.5, maxLength: 262_144), epsilon: 1e-5)
    let hasBias = try json.bool("attention_bias", default: false)
    try result.changeAttention {
      try requireOneRotaryShare(json, $0)
      ($0.bias, $0.outputBias) = (hasBias, hasBias)
    }
    let hasMLPBias = try json.bool("mlp_bias", default: false)
    result.changeMLPs { $0.bias = hasMLPBias }
    let layers = result.layers.count
    guard let attention = json.has("attn_layer_indices") ? json.object["attn_layer_indices"] as? [Int] : [] else {
      throw MohawkError(.invalidValue, "'attn_layer_indices' is not a list of layers", at: json.path)
    }
    if let bad = attention.first(where: { !(0..<layers).contains($0) }) {
      throw MohawkError(.invalidValue, "'attn_layer_indices' names layer \(bad) of \(layers)", at: json.path)
    }
    let withAttention = Set(attention)
    let kinds = (0..<layers).map { withAttention.contains($0) ? MixerKind.attention : .mamba2 }
    for key in ["layer_types", "layers_block_type"] where json.has(key) {
      guard try json.hybridLayers(key, layers) == kinds else {
        throw MohawkError(.invalidValue, "'\(key)' and 'attn_layer_indices' name different layers", at: json.path)
      }
    }
    let mamba = try json.hybridMamba2(result.modelDim, epsilon: result.normEpsilon)
    for layer in kinds.indices where kinds[layer] == .mamba2 { result.layers[layer].mixer = mamba }
    return result
  }

  /// transformers takes half of each head unless `rope_parameters` says otherwise; other tools read other keys.
  private static func requireOneRotaryShare(_ json: ModelJSON, _ attention: AttentionConfiguration) throws {
    var dimensions = attention.rotaryDim
    if json.has("partial_rotary_factor") {
      dimensions = try AttentionConfiguration.rotaryDim(
        attention.headDim, json.number("partial_rotary_factor"), at: json.path)
    }
    let other = try json.integer("attn_rotary_emb", default: dimensions, in: 0...65_536)
    guard dimensions == attention.rotaryDim, other == attention.rotaryDim else {
      throw MohawkError(
        .unsupported, "'partial_rotary_factor' or 'attn_rotary_emb' is not half of a head", at: json.path,
        remedy: "say the share in 'rope_parameters', and nowhere else")
    }
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    configuration.hybridKeys(finalNorm: "final_layernorm", mlpNorm: "pre_ff_layernorm") { table, mlp, inner, outer in
      table.addGatedMLP(bias: mlp.bias, from: inner + "mlp.", to: outer + "feed_forward.")
    }
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.gatedRMSJSON("BambaForCausalLM")
    guard let attention = configuration.sharedAttention else { preconditionFailure("a Bamba without attention") }
    object["attention_bias"] = attention.bias
    object["mlp_bias"] = configuration.sharedMLP?.bias
    object["attn_layer_indices"] = configuration.layers.indices.filter { configuration.layers[$0].attention != nil }
    if attention.width == configuration.modelDim { object["head_dim"] = nil }
    var rope: [String: Any] = attention.rotaryScaling.json ?? ["rope_type": "default"]
    rope["rope_theta"] = attention.rotaryBase
    rope["partial_rotary_factor"] = Double(attention.rotaryDim) / Double(attention.headDim)
    object["rope_parameters"] = rope
    object["rope_scaling"] = nil
    if let mamba = configuration.shared(Mamba2Configuration.self) { object.merge(mamba.hybridJSON) { $1 } }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    return configuration.unsupportedHybrid()
      ?? configuration.firstDifference([
        ("a model without attention layers", configuration.hasAttention),
        ("an output projection biased unlike the others", attention?.bias == attention?.outputBias),
        ("an activation other than SiLU", configuration.sharedMLP?.activation == .silu),
        ("multipliers", configuration.multipliers == .init() && attention?.scale == nil),
      ])
  }
}
