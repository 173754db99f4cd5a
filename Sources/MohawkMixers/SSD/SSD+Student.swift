extension SSD {
  /// What a mixer of the Mamba-2 kind takes from an attention: V for x, K and Q for B and C (Wang et al. 2024). The biases
  /// become the convolution's, which lets every token pass alone.
  static let attentionOrigins: [String: AttentionOrigin] = [
    "in_proj.x": .attentionStart(["v_proj.weight"]),
    "in_proj.bc": .attentionStart(["k_proj.weight", "q_proj.weight"]),
    "conv1d.x.bias": .attentionStart(["v_proj.bias"]),
    "conv1d.bc.bias": .attentionStart(["k_proj.bias", "q_proj.bias"]),
    "out_proj.weight": .attentionStart(["dense.weight"]),
  ]
}
