import MohawkFiles
import MohawkMixers

// The `config.json` of Hugging Face's `PhiForCausalLM`.
extension PhiConfiguration {
  init(transformer json: ModelJSON) throws {
    let modelDim = try json.integer("hidden_size")
    let heads = try json.integer("num_attention_heads")
    guard modelDim.isMultiple(of: heads) else {
      throw MohawkError(.invalidValue, "hidden_size \(modelDim) does not divide by \(heads) heads", at: json.path)
    }
    let kvHeads = try json.integer("num_key_value_heads", default: heads)
    guard heads.isMultiple(of: kvHeads) else {
      throw MohawkError(.invalidValue, "\(heads) heads are no multiple of \(kvHeads) key-value heads", at: json.path)
    }
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
    let headDim = modelDim / heads
    let fraction = try rotary.number("partial_rotary_factor", default: json.number("partial_rotary_factor", default: 0.5))
    let rotaryDim = Int(Double(headDim) * fraction)
    guard (0...headDim).contains(rotaryDim), rotaryDim.isMultiple(of: 2) else {
      throw MohawkError(.invalidValue, "partial_rotary_factor \(fraction) gives \(rotaryDim) dimensions", at: json.path)
    }
    let layers = try json.integer("num_hidden_layers", in: 1...10_000)
    self.init(
      vocabulary: try json.integer("vocab_size"), modelDim: modelDim,
      mlpDim: try json.integer("intermediate_size", default: 4 * modelDim),
      epsilon: try json.number("layer_norm_eps", default: 1e-5),
      mixers: Array(repeating: .attention, count: layers),
      attention: AttentionConfiguration(
        modelDim: modelDim, heads: heads, kvHeads: kvHeads, headDim: headDim, rotaryDim: rotaryDim,
        rotaryBase: try rotary.number("rope_theta", default: 10_000),
        maxLength: try json.integer("max_position_embeddings", default: 2048), bias: true))
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
