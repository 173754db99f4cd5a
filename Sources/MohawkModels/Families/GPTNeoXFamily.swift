// GPT-NeoX and Pythia (`GPTNeoXForCausalLM`).

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum GPTNeoXFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["attention_bias", "partial_rotary_factor"])
    let modelDim = try json.integer("hidden_size")
    let fraction = try json.number("rotary_pct", default: 0.25)
    let base = try json.number("rotary_emb_base", default: 10_000)
    let mlp = DecoderConfiguration.MLP(
      width: try json.size(try json.integer("intermediate_size", default: 4 * modelDim), "the MLP's width"),
      activation: try json.activation(default: "gelu"), isGated: false, bias: true)
    let attention = try AttentionConfiguration(
      json.without("rope_theta", "partial_rotary_factor"), modelDim: modelDim,
      defaults: .init(base: base, fraction: fraction), bias: json.bool("attention_bias", default: true))
    var result = DecoderConfiguration(
      format: format, vocabulary: try json.integer("vocab_size"), modelDim: modelDim, layers: try json.layers(),
      layout: try json.bool("use_parallel_residual", default: true) ? .parallelNorms : .sequential,
      norm: .layer(epsilon: try json.epsilon("layer_norm_eps", default: 1e-5)), mlp: mlp,
      mixer: attention)
    // transformers reads these two in `rope_parameters` only.
    guard try json.number("rope_theta", default: attention.rotaryBase) == attention.rotaryBase,
      try !json.has("partial_rotary_factor")
        || AttentionConfiguration.rotaryDim(
          attention.headDim, json.number("partial_rotary_factor"), at: json.path) == attention.rotaryDim
    else {
      throw MohawkError(
        .invalidValue, "'rope_theta' or 'partial_rotary_factor' contradicts 'rotary_emb_base' or 'rotary_pct'",
        at: json.path, remedy: "remove the ones that are not meant")
    }
    guard attention.kvHeads == attention.heads, attention.width == modelDim else {
      throw MohawkError(.unsupported, "grouped keys and heads of their own width are not GPT-NeoX", at: json.path)
    }
    result.tiesHead = try json.bool("tie_word_embeddings", default: false)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.map([
      "final_norm.weight": "gpt_neox.final_layer_norm.weight",
      "final_norm.bias": "gpt_neox.final_layer_norm.bias",
    ])
    table.mapVocabulary(embedding: "gpt_neox.embed_in.weight", head: "embed_out.weight", isTied: configuration.tiesHead)
    table.allow("lm_head.weight", for: "embed_out.weight")
    table.allowWithout("gpt_neox.")
    table.countLayers(configuration.layers.count, under: "gpt_neox.layers.")
    for (index, own) in configuration.layers.enumerated() {
      guard let attention = own.attention else { continue }
      let layer = "layers.\(index)."
      let outer = "gpt_neox." + layer
      table.map(blockKeys, from: layer, to: outer)
      // Each head has its queries, keys and values one after the other.
      for part in attention.bias ? ["weight", "bias"] : ["weight"] {
        table.join(
          ["q_proj", "k_proj", "v_proj"].map { ("\(layer)attention.\($0).\(part)", attention.width) },
          groups: attention.heads, to: "\(outer)attention.query_key_value.\(part)")
        table.map("\(layer)attention.dense.\(part)", to: "\(outer)attention.dense.\(part)")
      }
    }
    table.ignore(".attention.bias", ".attention.masked_bias")
    return table
  }

  private static let blockKeys: KeyValuePairs = [
    "norm.weight": "input_layernorm.weight", "norm.bias": "input_layernorm.bias",
    "mlp_norm.weight": "post_attention_layernorm.weight", "mlp_norm.bias": "post_attention_layernorm.bias",
    "mlp.fc1.weight": "mlp.dense_h_to_4h.weight", "mlp.fc1.bias": "mlp.dense_h_to_4h.bias",
    "mlp.fc2.weight": "mlp.dense_4h_to_h.weight", "mlp.fc2.bias": "mlp.dense_4h_to_h.bias",
  ]

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.commonJSON("GPTNeoXForCausalLM")
    guard let attention = configuration.sharedAttention else { preconditionFailure("a GPT-NeoX without attention") }
    object["num_key_value_heads"] = nil
    object["hidden_act"] = configuration.sharedMLP?.activation.configName
    object["layer_norm_eps"] = configuration.normEpsilon
    object["rotary_pct"] = Double(attention.rotaryDim) / Double(attention.headDim)
    object["rotary_emb_base"] = attention.rotaryBase
    object["attention_bias"] = attention.bias
    object["use_parallel_residual"] = configuration.layout == .parallelNorms
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    return configuration.firstDifference([
      ("layers without full attention", configuration.mixers.allSatisfy { $0 == .attention }),
      ("blocks with one norm", configuration.layout == .parallelNorms || configuration.layout == .sequential),
      ("norms other than LayerNorm", configuration.norm == .layer(epsilon: configuration.normEpsilon)),
      ("a gated MLP", configuration.sharedMLP?.isGated == false && configuration.sharedMLP?.bias == true),
      ("a head with bias", !configuration.headBias),
      ("learned positions", configuration.learnedPositions == nil),
      ("grouped keys", attention?.kvHeads == attention?.heads && attention?.width == configuration.modelDim),
    ])
  }
}
