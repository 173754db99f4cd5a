// Bamba (`BambaForCausalLM`): Granite's hybrid under other names and without its multipliers.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum BambaFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["attention_bias", "mlp_bias", "partial_rotary_factor", "layer_types"])
    var result = try LlamaFamily.gatedRMSDecoder(json, format, fraction: 0.5)
    result.attention.bias = try json.bool("attention_bias", default: false)
    result.attention.outputBias = result.attention.bias
    result.mlp.bias = try json.bool("mlp_bias", default: false)
    let layers = result.mixers.count
    let attention = json.object["attn_layer_indices"] as? [Int] ?? []
    if let bad = attention.first(where: { !(0..<layers).contains($0) }) {
      throw MohawkError(.invalidValue, "'attn_layer_indices' names layer \(bad) of \(layers)", at: json.path)
    }
    result.mixers = (0..<layers).map { attention.contains($0) ? .attention : .mamba2 }
    result.mamba2 = try json.hybridMamba2(result.modelDim, epsilon: result.normEpsilon)
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.map(["embedding.weight": "model.embed_tokens.weight", "final_norm.weight": "model.final_layernorm.weight"])
    if configuration.tiesHead { table.ignore("lm_head.weight") } else { table.map(["lm_head.weight": "lm_head.weight"]) }
    for (index, kind) in configuration.mixers.enumerated() {
      let layer = "layers.\(index)."
      let outer = "model." + layer
      table.map(
        ["norm.weight": "input_layernorm.weight", "mlp_norm.weight": "pre_ff_layernorm.weight"], from: layer, to: outer)
      table.addGatedMLP(bias: configuration.mlp.bias, from: layer + "mlp.", to: outer + "feed_forward.")
      if kind.isAttention {
        table.addAttention(configuration.attention, from: layer + "attention.", to: outer + "self_attn.")
      } else if let mamba = configuration.mamba2 {
        table.addMamba2(mamba, from: layer + "mixer.", to: outer + "mamba.")
      }
    }
    return table
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.gatedRMSJSON("BambaForCausalLM")
    let attention = configuration.attention
    object["attention_bias"] = attention.bias
    object["mlp_bias"] = configuration.mlp.bias
    object["attn_layer_indices"] = configuration.mixers.indices.filter { configuration.mixers[$0].isAttention }
    if attention.width == configuration.modelDim { object["head_dim"] = nil }
    var rope: [String: Any] = attention.rotaryScaling.json ?? ["rope_type": "default"]
    rope["rope_theta"] = attention.rotaryBase
    rope["partial_rotary_factor"] = Double(attention.rotaryDim) / Double(attention.headDim)
    object["rope_parameters"] = rope
    object["rope_scaling"] = nil
    if let mamba = configuration.mamba2 { object.merge(mamba.hybridJSON) { $1 } }
    return object
  }

  static func objection(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.attention
    return configuration.objectionToHybrid()
      ?? configuration.firstDifference([
        ("a model without attention layers", configuration.hasAttention),
        ("an output projection biased unlike the others", attention.bias == attention.outputBias),
        ("multipliers", configuration.multipliers == .init() && attention.scale == nil),
      ])
  }
}
