import MohawkFiles
import MohawkMixers

// The `config.json` of Hugging Face's `PhiForCausalLM`.
extension PhiConfiguration {
  init(transformer json: ModelJSON) throws {
    let modelDim = try json.integer("hidden_size")
    let activation = try json.string("hidden_act", default: "gelu_new")
    guard ["gelu_new", "gelu_pytorch_tanh"].contains(activation) else {
      throw MohawkError(.unsupported, "the activation '\(activation)' is not known for Phi", at: json.path)
    }
    for key in ["qk_layernorm", "tie_word_embeddings"] where try json.bool(key, default: false) {
      throw MohawkError(.unsupported, "'\(key)' is not supported for Phi", at: json.path)
    }
    if let scaling = try json.object("rope_scaling"), !scaling.object.isEmpty {
      throw MohawkError(.unsupported, "'rope_scaling' is not supported for Phi", at: json.path)
    }
    // Newer files nest the rotary keys.
    let rotary = try json.object("rope_parameters") ?? json
    let kind = try rotary.string("rope_type", default: "default")
    guard kind == "default" else {
      throw MohawkError(.unsupported, "the rotary embedding '\(kind)' is not supported for Phi", at: json.path)
    }
    let epsilon = try json.number("layer_norm_eps", default: 1e-5)
    guard epsilon >= 0 else {
      throw MohawkError(.invalidValue, "layer_norm_eps \(epsilon) is below 0", at: json.path)
    }
    let layers = try json.integer("num_hidden_layers", in: 1...10_000)
    self.init(
      vocabulary: try json.integer("vocab_size"), modelDim: modelDim,
      mlpDim: try json.integer("intermediate_size", default: 4 * modelDim),
      epsilon: epsilon,
      mixers: Array(repeating: .attention, count: layers),
      attention: try AttentionConfiguration(json, rotary: rotary, modelDim: modelDim))
  }

  var transformerJSON: [String: Any] {
    [
      "architectures": ["PhiForCausalLM"], "model_type": "phi", "torch_dtype": "float32",
      "vocab_size": vocabulary, "hidden_size": modelDim, "intermediate_size": mlpDim,
      "num_hidden_layers": mixers.count, "num_attention_heads": attention.heads,
      "num_key_value_heads": attention.kvHeads, "hidden_act": "gelu_new", "layer_norm_eps": epsilon,
      "max_position_embeddings": attention.maxLength, "rope_theta": attention.rotaryBase,
      "partial_rotary_factor": Double(attention.rotaryDim) / Double(attention.headDim),
      "tie_word_embeddings": false, "qk_layernorm": false, "use_cache": true,
      "attention_dropout": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
    ]
  }
}
