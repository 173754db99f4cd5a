// Granite 4 without experts (`GraniteMoeHybridForCausalLM`): Llama's blocks with Mamba-2 in most layers. transformers,
// vLLM, mlx-lm and llama.cpp open it, so that it is the format of students of Llama's relatives.

import MohawkFiles
import MohawkLayers
import MohawkMixers

package enum GraniteHybridFamily: Family {
  /// Layers that do nothing: the other tools need one with attention.
  private static let identityKey = "mohawk_identity_layers"

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [
      "attention_bias", "embedding_multiplier", "residual_multiplier", "logits_scaling", "attention_multiplier",
      "position_embedding_type", "layer_types",
    ])
    guard json.has("num_local_experts") else {
      throw MohawkError(
        .unsupported, "without the key 'num_local_experts' this architecture has 8 experts, which are not supported",
        at: json.path, remedy: "set it to 0 if the weights have none")
    }
    var result = try LlamaFamily.gatedRMSDecoder(json, format)
    let width = try json.integer("shared_intermediate_size", default: 1024)
    result.changeMLPs { $0.width = width }
    let hasBias = try json.bool("attention_bias", default: false)
    let scale = try json.number("attention_multiplier", default: 1)
    let hasPositions = try json.string("position_embedding_type", default: "nope") == "rope"
    result.changeAttention {
      ($0.bias, $0.outputBias) = (hasBias, hasBias)
      // The usual scale is said in digits here.
      if abs(scale - $0.resolvedScale) > 1e-9 * scale { $0.scale = scale }
      if !hasPositions { $0.rotaryDim = 0 }
    }
    result.multipliers.embedding = try json.number("embedding_multiplier", default: 1)
    result.multipliers.residual = try json.number("residual_multiplier", default: 1)
    result.multipliers.logits = try json.number("logits_scaling", default: 1)
    guard result.multipliers.logits != 0 else {
      throw MohawkError(.invalidValue, "'logits_scaling' is 0", at: json.path)
    }
    let kinds = try mixers(json, result.layers.count)
    result.layers = Array(result.layers.prefix(kinds.count))
    if kinds.contains(.mamba2) {
      let mamba = try json.hybridMamba2(result.modelDim, epsilon: result.normEpsilon)
      for layer in kinds.indices where kinds[layer] == .mamba2 { result.layers[layer].mixer = mamba }
    }
    return result
  }

  private static func mixers(_ json: ModelJSON, _ count: Int) throws -> [DecoderConfiguration.Mixer] {
    guard let key = ["layer_types", "layers_block_type"].first(where: json.has) else {
      return Array(repeating: .mamba2, count: count)
    }
    var all = try json.hybridLayers(key, count)
    if let idle = json.object[identityKey] as? [Int], idle == [count - 1], all.last == .attention { all.removeLast() }
    return all
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = configuration.hybridKeys(finalNorm: "norm", mlpNorm: "post_attention_layernorm") {
      table, mlp, inner, outer in
      table.join(
        [(inner + "mlp.gate.weight", mlp.width), (inner + "mlp.up.weight", mlp.width)],
        to: outer + "shared_mlp.input_linear.weight")
      table.map(inner + "mlp.down.weight", to: outer + "shared_mlp.output_linear.weight")
    }
    if !configuration.hasAttention { table.ignoreAll(under: "model.layers.\(configuration.layers.count).") }
    return table
  }

  /// The attention of a layer that does nothing: one head of keys and values.
  package static func idleAttention(_ configuration: DecoderConfiguration) -> AttentionConfiguration {
    let width = configuration.modelDim
    let headDim = [64, 32, 16, 8, 4, 2].first { width.isMultiple(of: $0) } ?? width
    return AttentionConfiguration(
      modelDim: width, heads: width / headDim, kvHeads: 1, headDim: headDim, rotaryDim: headDim / 2 * 2,
      maxLength: 131_072, bias: false)
  }

  static func padding(_ configuration: DecoderConfiguration) -> [PaddingTensor] {
    guard !configuration.hasAttention, let mlp = configuration.sharedMLP else { return [] }
    let layer = "model.layers.\(configuration.layers.count)."
    let (width, inner) = (configuration.modelDim, mlp.width)
    let narrow = idleAttention(configuration).kvWidth
    let projections = [("q_proj", width), ("k_proj", narrow), ("v_proj", narrow), ("o_proj", width)].map {
      PaddingTensor(key: "\(layer)self_attn.\($0.0).weight", shape: [$0.1, width], value: 0)
    }
    return projections + [
      PaddingTensor(key: layer + "input_layernorm.weight", shape: [width], value: 1),
      PaddingTensor(key: layer + "post_attention_layernorm.weight", shape: [width], value: 1),
      PaddingTensor(key: layer + "shared_mlp.input_linear.weight", shape: [2 * inner, width], value: 0),
      PaddingTensor(key: layer + "shared_mlp.output_linear.weight", shape: [width, inner], value: 0),
    ]
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var shown = configuration
    if !configuration.hasAttention {
      shown.layers.append(DecoderLayer(idleAttention(configuration), mlp: configuration.sharedMLP))
    }
    var object = shown.gatedRMSJSON("GraniteMoeHybridForCausalLM")
    guard let attention = shown.sharedAttention else { preconditionFailure("layers with different attention") }
    object["shared_intermediate_size"] = shown.sharedMLP?.width
    object["attention_bias"] = attention.bias
    object["attention_multiplier"] = attention.resolvedScale
    object["position_embedding_type"] = attention.rotaryDim == 0 ? "nope" : "rope"
    object["embedding_multiplier"] = shown.multipliers.embedding
    object["residual_multiplier"] = shown.multipliers.residual
    object["logits_scaling"] = shown.multipliers.logits
    object["layer_types"] = shown.layers.map { $0.attention == nil ? "mamba" : "attention" }
    object["num_local_experts"] = 0
    object["num_experts_per_tok"] = 0
    object["output_router_logits"] = false
    if attention.width == shown.modelDim { object["head_dim"] = nil }
    var rope: [String: Any] = attention.rotaryScaling.json ?? ["rope_type": "default"]
    rope["rope_theta"] = attention.rotaryBase
    object["rope_parameters"] = rope
    object["rope_scaling"] = nil
    if let mamba = shown.shared(Mamba2Configuration.self) { object.merge(mamba.hybridJSON) { $1 } }
    if !configuration.hasAttention { object[identityKey] = [configuration.layers.count] }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let (attention, mlp) = (configuration.sharedAttention, configuration.sharedMLP)
    // Without Mamba-2 it is one of Granite 4's dense models.
    let isDense = configuration.mixers.allSatisfy { $0 == .attention }
    return (isDense ? configuration.unsupportedBlocks() : configuration.unsupportedHybrid())
      ?? configuration.firstDifference([
        ("biases of the MLP", mlp?.bias == false),
        ("an activation other than SiLU", mlp?.activation == .silu),
        (
          "positions on a part of each head",
          attention.map { $0.rotaryDim == $0.headDim || $0.rotaryDim == 0 } ?? true
        ),
        (
          "an output projection biased unlike the others",
          attention?.bias == attention?.outputBias
        ),
      ])
  }
}

extension DecoderConfiguration {
  /// What neither Granite nor Bamba can hold, the mixers aside.
  func unsupportedBlocks() -> String? {
    firstDifference([
      ("blocks that are not sequential", layout == .sequential),
      ("norms other than RMSNorm", norm == .rms(epsilon: normEpsilon)),
      ("an MLP that is not gated", sharedMLP?.isGated == true),
      ("a head with bias", !headBias),
      ("learned positions", learnedPositions == nil),
      ("norms of queries and keys", sharedAttention?.headNormEpsilon == nil),
    ])
  }

  /// What neither Granite nor Bamba can hold.
  func unsupportedHybrid() -> String? {
    let mamba = shared(Mamba2Configuration.self)
    return firstDifference([
      ("a model without Mamba-2 layers", mixers.contains(.mamba2)),
      ("mixers other than Mamba-2 and full attention", mixers.allSatisfy { $0 == .mamba2 || $0 == .attention }),
    ])
      ?? unsupportedBlocks()
      ?? firstDifference([
        ("Mamba-2 with biased projections", mamba?.projectionBias != true),
        (
          "Mamba-2 of a width that is no multiple of the model's",
          mamba.map { $0.innerDim.isMultiple(of: modelDim) } ?? true
        ),
        (
          "Mamba-2 with a norm over other groups than those of B and C",
          mamba.map { $0.normGroups == $0.groups && $0.normEpsilon == normEpsilon } ?? true
        ),
      ])
  }
}
