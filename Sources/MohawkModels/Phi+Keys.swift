extension PhiConfiguration {
  /// Names in `PhiForCausalLM` checkpoints.
  var transformerKeys: KeyTable {
    var table = KeyTable()
    table.map([
      "embedding.weight": "model.embed_tokens.weight",
      "final_norm.weight": "model.final_layernorm.weight",
      "final_norm.bias": "model.final_layernorm.bias",
      "lm_head.weight": "lm_head.weight",
      "lm_head.bias": "lm_head.bias",
    ])
    for index in mixers.indices {
      let layer = "layers.\(index)."
      table.map(Self.blockKeys, from: layer, to: "model." + layer)
      table.map(Self.attentionKeys, from: layer + "attention.", to: "model.\(layer)self_attn.")
    }
    return table
  }

  /// Names in the authors' Phi-Mamba and Hybrid-Phi-Mamba checkpoints.
  var phiMambaKeys: KeyTable {
    var table = KeyTable()
    table.map([
      "embedding.weight": "backbone.embedding.weight",
      "final_norm.weight": "backbone.final_layernorm.weight",
      "final_norm.bias": "backbone.final_layernorm.bias",
      "lm_head.weight": "lm_head.weight",
      "lm_head.bias": "lm_head.bias",
    ])
    for (index, kind) in mixers.enumerated() {
      let layer = "layers.\(index)."
      let outer = "backbone." + layer
      table.map(Self.blockKeys, from: layer, to: outer)
      switch kind {
      case .attention:
        table.map(Self.attentionKeys, from: layer + "attention.", to: outer + "mixer.self_attn.")
      case .discreteMamba2:
        guard let mamba else { preconditionFailure("a state-space layer without geometry") }
        let inner = layer + "mixer."
        let bc = 2 * mamba.qkHeads * mamba.stateDim
        table.map(
          ["z_bias": "z_bias", "D": "D", "out_proj.weight": "out_proj.weight"], from: inner, to: outer + "mixer.")
        table.join(
          [
            (inner + "in_proj.x", modelDim), (inner + "in_proj.bc", bc), (inner + "in_proj.z", modelDim),
            (inner + "in_proj.a_log", mamba.vHeads),
          ], to: outer + "mixer.in_proj.weight")
        for part in ["weight", "bias"] {
          table.join(
            [(inner + "conv1d.x." + part, modelDim), (inner + "conv1d.bc." + part, bc)],
            to: outer + "mixer.conv1d." + part)
        }
      }
    }
    return table
  }

  private static let blockKeys: KeyValuePairs = [
    "norm.weight": "input_layernorm.weight", "norm.bias": "input_layernorm.bias",
    "mlp.fc1.weight": "mlp.fc1.weight", "mlp.fc1.bias": "mlp.fc1.bias",
    "mlp.fc2.weight": "mlp.fc2.weight", "mlp.fc2.bias": "mlp.fc2.bias",
  ]

  private static let attentionKeys: KeyValuePairs = [
    "q_proj.weight": "q_proj.weight", "q_proj.bias": "q_proj.bias",
    "k_proj.weight": "k_proj.weight", "k_proj.bias": "k_proj.bias",
    "v_proj.weight": "v_proj.weight", "v_proj.bias": "v_proj.bias",
    "dense.weight": "dense.weight", "dense.bias": "dense.bias",
  ]
}
