// GPT-2 (`GPT2LMHeadModel`): learned positions, matrices stored as [in, out].

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum GPT2Family: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [])
    let modelDim = try json.integer("n_embd")
    let heads = try json.integer("n_head")
    guard modelDim.isMultiple(of: heads) else {
      throw MohawkError(.invalidValue, "\(heads) heads do not fit width \(modelDim)", at: json.path)
    }
    let positions = try json.integer("n_positions", default: try json.integer("n_ctx", default: 1024))
    let mlp = DecoderConfiguration.MLP(
      width: try json.size(try json.integer("n_inner", default: 4 * modelDim), "the MLP's width"),
      activation: try json.activation("activation_function", default: "gelu_new"), isGated: false, bias: true)
    var result = DecoderConfiguration(
      format: format, vocabulary: try json.integer("vocab_size"), modelDim: modelDim,
      layers: try json.layers("n_layer"), layout: .sequential,
      norm: .layer(epsilon: try json.epsilon("layer_norm_epsilon", default: 1e-5)), mlp: mlp,
      mixer: AttentionConfiguration(
        modelDim: modelDim, heads: heads, kvHeads: heads, headDim: modelDim / heads, rotaryDim: 0,
        maxLength: positions, bias: true))
    result.learnedPositions = positions
    result.tiesHead = try json.bool("tie_word_embeddings", default: true)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.map([
      "positions.weight": "transformer.wpe.weight",
      "final_norm.weight": "transformer.ln_f.weight", "final_norm.bias": "transformer.ln_f.bias",
    ])
    table.mapVocabulary(embedding: "transformer.wte.weight", head: "lm_head.weight", isTied: configuration.tiesHead)
    table.allowWithout("transformer.")
    table.countLayers(configuration.layers.count, under: "transformer.h.")
    for index in configuration.layers.indices {
      let layer = "layers.\(index)."
      let outer = "transformer.h.\(index)."
      table.map(blockKeys, from: layer, to: outer)
      for part in ["weight", "bias"] {
        table.join(
          ["q_proj", "k_proj", "v_proj"].map { ("\(layer)attention.\($0).\(part)", configuration.modelDim) },
          to: "\(outer)attn.c_attn.\(part)")
      }
      for name in ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"] {
        table.transpose("\(outer)\(name).weight")
      }
    }
    table.ignore(".attn.bias", ".attn.masked_bias")
    return table
  }

  private static let blockKeys: KeyValuePairs = [
    "norm.weight": "ln_1.weight", "norm.bias": "ln_1.bias", "mlp_norm.weight": "ln_2.weight",
    "mlp_norm.bias": "ln_2.bias", "attention.dense.weight": "attn.c_proj.weight",
    "attention.dense.bias": "attn.c_proj.bias", "mlp.fc1.weight": "mlp.c_fc.weight", "mlp.fc1.bias": "mlp.c_fc.bias",
    "mlp.fc2.weight": "mlp.c_proj.weight", "mlp.fc2.bias": "mlp.c_proj.bias",
  ]

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let positions = configuration.learnedPositions ?? 0
    var object: [String: Any] = [
      "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "torch_dtype": "float32",
      "vocab_size": configuration.vocabulary, "n_embd": configuration.modelDim, "n_layer": configuration.layers.count,
      "n_positions": positions, "n_ctx": positions,
      "layer_norm_epsilon": configuration.normEpsilon, "tie_word_embeddings": configuration.tiesHead,
      "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
    ]
    object["n_head"] = configuration.sharedAttention?.heads
    object["n_inner"] = configuration.sharedMLP?.width
    object["activation_function"] = configuration.sharedMLP?.activation.configName
    object.merge(configuration.tokens.json) { $1 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    configuration.firstDifference([
      ("layers without full attention", configuration.mixers.allSatisfy { $0 == .attention }),
      ("blocks that are not sequential", configuration.layout == .sequential),
      ("norms other than LayerNorm", configuration.norm == .layer(epsilon: configuration.normEpsilon)),
      ("a gated MLP", configuration.sharedMLP?.isGated == false && configuration.sharedMLP?.bias == true),
      ("a head with bias", !configuration.headBias),
      ("rotary positions", configuration.learnedPositions != nil && configuration.sharedAttention?.rotaryDim == 0),
    ])
  }
}
