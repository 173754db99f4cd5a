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
    result.mlp.width = try json.integer("shared_intermediate_size", default: 1024)
    result.attention.bias = try json.bool("attention_bias", default: false)
    result.attention.outputBias = result.attention.bias
    let scale = try json.number("attention_multiplier", default: 1)
    // The usual scale is said in digits here.
    if abs(scale - result.attention.resolvedScale) > 1e-9 * scale { result.attention.scale = scale }
    if try json.string("position_embedding_type", default: "nope") != "rope" { result.attention.rotaryDim = 0 }
    result.multipliers.embedding = try json.number("embedding_multiplier", default: 1)
    result.multipliers.residual = try json.number("residual_multiplier", default: 1)
    result.multipliers.logits = try json.number("logits_scaling", default: 1)
    guard result.multipliers.logits != 0 else {
      throw MohawkError(.invalidValue, "'logits_scaling' is 0", at: json.path)
    }
    result.mixers = try mixers(json, result.mixers.count)
    if result.mixers.contains(.mamba2) {
      result.mamba2 = try json.hybridMamba2(result.modelDim, epsilon: result.normEpsilon)
    }
    result.settleAttention()
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
      table, inner, outer in
      let width = configuration.mlp.width
      table.join(
        [(inner + "mlp.gate.weight", width), (inner + "mlp.up.weight", width)],
        to: outer + "shared_mlp.input_linear.weight")
      table.map(inner + "mlp.down.weight", to: outer + "shared_mlp.output_linear.weight")
    }
    if !configuration.hasAttention { table.ignoreAll(under: "model.layers.\(configuration.mixers.count).") }
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
    if configuration.hasAttention { return [] }
    let layer = "model.layers.\(configuration.mixers.count)."
    let (width, inner) = (configuration.modelDim, configuration.mlp.width)
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
      shown.attention = idleAttention(configuration)
      shown.mixers.append(.attention)
    }
    var object = shown.gatedRMSJSON("GraniteMoeHybridForCausalLM")
    let attention = shown.attention
    object["shared_intermediate_size"] = shown.mlp.width
    object["attention_bias"] = attention.bias
    object["attention_multiplier"] = attention.resolvedScale
    object["position_embedding_type"] = attention.rotaryDim == 0 ? "nope" : "rope"
    object["embedding_multiplier"] = shown.multipliers.embedding
    object["residual_multiplier"] = shown.multipliers.residual
    object["logits_scaling"] = shown.multipliers.logits
    object["layer_types"] = shown.mixers.map { $0.isAttention ? "attention" : "mamba" }
    object["num_local_experts"] = 0
    object["num_experts_per_tok"] = 0
    object["output_router_logits"] = false
    if attention.width == shown.modelDim { object["head_dim"] = nil }
    var rope: [String: Any] = attention.rotaryScaling.json ?? ["rope_type": "default"]
    rope["rope_theta"] = attention.rotaryBase
    object["rope_parameters"] = rope
    object["rope_scaling"] = nil
    if let mamba = shown.mamba2 { object.merge(mamba.hybridJSON) { $1 } }
    if !configuration.hasAttention { object[identityKey] = [configuration.mixers.count] }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.attention
    // Without Mamba-2 it is one of Granite 4's dense models.
    let isDense = configuration.mixers.allSatisfy { $0 == .attention }
    return (isDense ? configuration.unsupportedBlocks() : configuration.unsupportedHybrid())
      ?? configuration.firstDifference([
        ("biases of the MLP", !configuration.mlp.bias),
        ("an activation other than SiLU", configuration.mlp.activation == .silu),
        (
          "positions on a part of each head",
          !configuration.hasAttention || attention.rotaryDim == attention.headDim || attention.rotaryDim == 0
        ),
        (
          "an output projection biased unlike the others",
          !configuration.hasAttention || attention.bias == attention.outputBias
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
      ("an MLP that is not gated", mlp.isGated),
      ("a head with bias", !headBias),
      ("learned positions", learnedPositions == nil),
      ("norms of queries and keys", !hasAttention || attention.headNormEpsilon == nil),
    ])
  }

  /// What neither Granite nor Bamba can hold.
  func unsupportedHybrid() -> String? {
    let mamba = mamba2
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
