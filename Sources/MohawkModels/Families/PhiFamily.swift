// Phi-1, Phi-1.5 and Phi-2 (microsoft/phi-1_5; `PhiForCausalLM` of Hugging Face's transformers).

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum PhiFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["partial_rotary_factor"])
    guard try !json.bool("tie_word_embeddings", default: false) else {
      throw MohawkError(.unsupported, "'tie_word_embeddings' is not supported for Phi", at: json.path)
    }
    let modelDim = try json.integer("hidden_size")
    let mlp = DecoderConfiguration.MLP(
      width: try json.size(try json.integer("intermediate_size", default: 4 * modelDim), "the MLP's width"),
      activation: try json.activation(default: "gelu_new"), isGated: false, bias: true)
    var result = DecoderConfiguration(
      format: format, vocabulary: try json.integer("vocab_size"), modelDim: modelDim, layers: try json.layers(),
      layout: .parallel, norm: .layer(epsilon: try json.epsilon("layer_norm_eps", default: 1e-5)), mlp: mlp,
      mixer: try AttentionConfiguration(json, modelDim: modelDim, defaults: .init(fraction: 0.5), bias: true))
    result.headBias = true
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.map([
      "final_norm.weight": "model.final_layernorm.weight",
      "final_norm.bias": "model.final_layernorm.bias",
      "lm_head.bias": "lm_head.bias",
    ])
    table.mapVocabulary(embedding: "model.embed_tokens.weight", head: "lm_head.weight", isTied: false)
    table.allowWithout("model.")
    table.countLayers(configuration.layers.count, under: "model.layers.")
    for index in configuration.layers.indices {
      let layer = "layers.\(index)."
      table.map(blockKeys, from: layer, to: "model." + layer)
      table.map(attentionKeys, from: layer + "attention.", to: "model.\(layer)self_attn.")
    }
    return table
  }

  static let blockKeys: KeyValuePairs = [
    "norm.weight": "input_layernorm.weight", "norm.bias": "input_layernorm.bias",
    "mlp.fc1.weight": "mlp.fc1.weight", "mlp.fc1.bias": "mlp.fc1.bias",
    "mlp.fc2.weight": "mlp.fc2.weight", "mlp.fc2.bias": "mlp.fc2.bias",
  ]

  static let attentionKeys: KeyValuePairs = [
    "q_proj.weight": "q_proj.weight", "q_proj.bias": "q_proj.bias",
    "k_proj.weight": "k_proj.weight", "k_proj.bias": "k_proj.bias",
    "v_proj.weight": "v_proj.weight", "v_proj.bias": "v_proj.bias",
    "dense.weight": "dense.weight", "dense.bias": "dense.bias",
  ]

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.commonJSON("PhiForCausalLM")
    guard let attention = configuration.sharedAttention else { preconditionFailure("a Phi without attention") }
    object["hidden_act"] = configuration.sharedMLP?.activation.configName
    object["layer_norm_eps"] = configuration.normEpsilon
    object["partial_rotary_factor"] = Double(attention.rotaryDim) / Double(attention.headDim)
    object["qk_layernorm"] = false
    if attention.width != configuration.modelDim { object["head_dim"] = attention.headDim }
    for key in ["embd_pdrop", "resid_pdrop"] { object[key] = 0.0 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    configuration.firstDifference([
      ("layers without full attention", configuration.mixers.allSatisfy { $0 == .attention }),
      ("blocks that are not parallel with one norm", configuration.layout == .parallel),
      ("norms other than LayerNorm", configuration.norm == .layer(epsilon: configuration.normEpsilon)),
      ("a gated MLP", configuration.sharedMLP?.isGated == false && configuration.sharedMLP?.bias == true),
      ("a tied head or one without bias", !configuration.tiesHead && configuration.headBias),
    ])
  }
}
