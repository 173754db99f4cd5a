// Phi-3, 3.5 and Phi-4-mini (`Phi3ForCausalLM`): Llama with one matrix for queries, keys and values and one for both halves
// of the MLP, with LongRoPE, and with positions on a part of each head.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum Phi3Family: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["sliding_window", "partial_rotary_factor"])
    var result = try LlamaFamily.gatedRMSDecoder(
      longRoPE(json), format, defaults: .init(heads: 32, maxLength: 4096), epsilon: 1e-5, isPartial: true)
    for attention in result.attentions {
      if case .longrope = attention.rotaryScaling { continue }
      if attention.rotaryScaling == .none { continue }
      throw MohawkError(
        .unsupported, "rotary positions of Phi-3 are stretched by 'longrope' or not at all", at: json.path,
        remedy: "check that 'rope_scaling' belongs to the weights")
    }
    guard json.has("sliding_window") else { return result }
    guard !json.has("layer_types") else {
      throw MohawkError(
        .unsupported, "'sliding_window' is that of all layers, and 'layer_types' gives some of them none",
        at: json.path,
        remedy: "remove 'layer_types' if all layers have the window, or else 'sliding_window'")
    }
    try json.readWindows(&result) { _ in true }
    return result
  }

  /// The same with the name that LongRoPE has today, and the length beside it that leaving it out means.
  private static func longRoPE(_ json: ModelJSON) -> ModelJSON {
    var object = json.object
    for key in ["rope_scaling", "rope_parameters"] {
      guard var described = object[key] as? [String: Any] else { continue }
      for name in ["type", "rope_type"] {
        if let kind = described[name] as? String, ["su", "yarn"].contains(kind) { described[name] = "longrope" }
      }
      object[key] = described
    }
    if !json.has("original_max_position_embeddings") { object["original_max_position_embeddings"] = 4096 }
    return ModelJSON(path: json.path, object: object, text: json.text)
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    LlamaFamily.keys(configuration) { table, own, layer, outer in
      guard let attention = own.attention, let inner = own.mlp?.width else { return }
      table.join(
        [
          (layer + "attention.q_proj.weight", attention.width), (layer + "attention.k_proj.weight", attention.kvWidth),
          (layer + "attention.v_proj.weight", attention.kvWidth),
        ], to: outer + "self_attn.qkv_proj.weight")
      table.map(layer + "attention.dense.weight", to: outer + "self_attn.o_proj.weight")
      table.join(
        [(layer + "mlp.gate.weight", inner), (layer + "mlp.up.weight", inner)], to: outer + "mlp.gate_up_proj.weight")
      table.map(layer + "mlp.down.weight", to: outer + "mlp.down_proj.weight")
    }
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.gatedRMSJSON("Phi3ForCausalLM")
    guard let attention = configuration.sharedAttention else { preconditionFailure("a Phi-3 without attention") }
    object["partial_rotary_factor"] = Double(attention.rotaryDim) / Double(attention.headDim)
    if attention.width == configuration.modelDim { object["head_dim"] = nil }
    if case .longrope(_, _, let length, _) = attention.rotaryScaling {
      object["original_max_position_embeddings"] = length
    }
    object["sliding_window"] = attention.window
    for key in ["embd_pdrop", "resid_pdrop"] { object[key] = 0.0 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    let isLong =
      if case .longrope? = attention?.rotaryScaling { true } else { attention?.rotaryScaling == RotaryScaling.none }
    return configuration.unsupportedGatedBlocks()
      ?? configuration.firstDifference([
        ("norms of queries and keys", attention?.headNormEpsilon == nil),
        ("biases", attention.map { !$0.bias && !$0.outputBias } ?? false && configuration.sharedMLP?.bias == false),
        ("multipliers", configuration.multipliers == .init() && attention?.scale == nil),
        ("wave lengths stretched otherwise than by LongRoPE", isLong),
        ("a sliding window in some layers only", Set(configuration.mixers).count == 1),
      ])
  }
}
