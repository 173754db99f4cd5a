// Llama 2, 3, 3.1, 3.2 (`LlamaForCausalLM`), what has their shape (SmolLM, TinyLlama), and Mistral
// (`MistralForCausalLM`), which differs by a sliding window.

import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers

enum LlamaFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    let isLlama = format == .llama
    try json.refuseOtherMathematics(
      than: isLlama ? ["attention_bias", "mlp_bias"] : ["sliding_window", "layer_types"])
    var result = try gatedRMSDecoder(
      json, format, defaults: isLlama ? .init() : .init(kvHeads: 8, maxLength: 131_072))
    let hasBias = try isLlama && json.bool("attention_bias", default: false)
    result.changeAttention { ($0.bias, $0.outputBias) = (hasBias, hasBias) }
    let hasMLPBias = try isLlama && json.bool("mlp_bias", default: false)
    result.changeMLPs { $0.bias = hasMLPBias }
    if !isLlama {
      try json.readWindows(&result) { _ in true }
      // transformers does not look at the layers' types here, others do.
      guard let kind = result.mixers.first, result.mixers.allSatisfy({ $0 == kind }),
        kind == .windowedAttention || json.object["sliding_window"] is NSNull
      else {
        throw MohawkError(
          .unsupported, "'layer_types' gives Mistral's window to some layers only", at: json.path,
          remedy: "remove 'layer_types' if all layers have the window")
      }
    }
    return result
  }

  /// What Llama, Mistral, Qwen and the hybrids of their kind share: sequential blocks, RMSNorms, a gated MLP.
  static func gatedRMSDecoder(
    _ json: ModelJSON, _ format: CheckpointFormat, defaults: AttentionDefaults = .init(), epsilon: Double = 1e-6,
    activation: Activation? = nil, tied: Bool = false, isPartial: Bool = false
  ) throws -> DecoderConfiguration {
    let modelDim = try json.integer("hidden_size")
    let mlp = DecoderConfiguration.MLP(
      width: try json.integer("intermediate_size"),
      activation: try activation ?? json.activation(default: "silu"), isGated: true,
      bias: false)
    let (vocabulary, layers) = (try json.integer("vocab_size"), try json.layers())
    let norm = Norm.Kind.rms(epsilon: try json.epsilon("rms_norm_eps", default: epsilon))
    let attention = try AttentionConfiguration(json, modelDim: modelDim, defaults: defaults, bias: false)
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim, layers: layers, layout: .sequential, norm: norm,
      mlp: mlp, mixer: attention)
    guard isPartial || defaults.fraction < 1 || attention.rotaryDim == attention.headDim else {
      throw MohawkError(
        .unsupported, "'partial_rotary_factor' other than 1 is not supported for this architecture", at: json.path)
    }
    result.tiesHead = try json.bool("tie_word_embeddings", default: tied)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    keys(configuration) { table, layer, inner, outer in
      table.addAttention(layer.attention, from: inner + "attention.", to: outer + "self_attn.")
      table.addGatedMLP(bias: layer.mlp?.bias == true, from: inner + "mlp.", to: outer + "mlp.")
    }
  }

  /// Which of Llama's names the norms of a block have.
  static let norms: KeyValuePairs = [
    "norm.weight": "input_layernorm.weight", "mlp_norm.weight": "post_attention_layernorm.weight",
  ]

  /// The names of Llama's relatives.
  /// - Parameters:
  ///   - norms: those of a block's norms.
  ///   - layer: adds those of a layer's mixer and MLP, given the beginnings of both names.
  static func keys(
    _ configuration: DecoderConfiguration, norms: KeyValuePairs<String, String> = norms,
    layer add: (_ table: inout KeyTable, _ layer: DecoderLayer, _ inner: String, _ outer: String) -> Void
  ) -> KeyTable {
    var table = KeyTable()
    table.map(["final_norm.weight": "model.norm.weight"])
    table.mapVocabulary(embedding: "model.embed_tokens.weight", head: "lm_head.weight", isTied: configuration.tiesHead)
    table.allowWithout("model.")
    table.countLayers(configuration.layers.count, under: "model.layers.")
    for (index, layer) in configuration.layers.enumerated() {
      let inner = "layers.\(index)."
      table.map(norms, from: inner, to: "model." + inner)
      add(&table, layer, inner, "model." + inner)
    }
    return table
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let isLlama = configuration.format == .llama
    var object = configuration.gatedRMSJSON(isLlama ? "LlamaForCausalLM" : "MistralForCausalLM")
    if isLlama {
      object["attention_bias"] = configuration.sharedAttention?.bias
      object["mlp_bias"] = configuration.sharedMLP?.bias
    } else {
      // Without the key it would be 4096.
      object["sliding_window"] = configuration.sharedAttention?.window ?? NSNull()
    }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let isLlama = configuration.format == .llama
    let attention = configuration.sharedAttention
    return configuration.unsupportedGatedRMS()
      ?? configuration.firstDifference([
        ("norms of queries and keys", attention?.headNormEpsilon == nil),
        ("an output projection biased unlike the others", attention?.bias == attention?.outputBias),
        ("biases", isLlama || attention?.bias == false && configuration.sharedMLP?.bias == false),
        ("a sliding window", !isLlama || attention?.window == nil),
        ("a sliding window in some layers only", Set(configuration.mixers).count == 1),
      ])
  }
}

extension ModelJSON {
  /// Reads `sliding_window`, which is 4096 when it is left out and none when it is null, and the layers that have it.
  /// - Parameters:
  ///   - isOn: whether there are windows at all.
  ///   - rule: which layers have one when `layer_types` does not say.
  func readWindows(
    _ configuration: inout DecoderConfiguration, isOn: Bool = true, _ rule: (Int) -> Bool
  ) throws {
    let isNull = object["sliding_window"] is NSNull
    let window = isOn && !isNull ? try integer("sliding_window", default: 4096) : nil
    let kinds = try windowedLayers(configuration.layers.count) { window != nil && rule($0) }
    guard kinds.contains(.windowedAttention) else { return }
    guard let window else {
      throw MohawkError(
        .invalidValue, "'layer_types' names layers with a sliding window, but there is none", at: path,
        remedy: "give 'sliding_window' its size")
    }
    configuration.changeAttention(where: { kinds[$0] == .windowedAttention }) { $0.window = window }
  }

  /// Refuses a window without a size where no list says that no layer has one.
  func requireWindow() throws {
    guard object["sliding_window"] is NSNull, !has("layer_types") else { return }
    throw MohawkError(
      .invalidValue, "'sliding_window' is null, and most layers of this architecture have a window", at: path,
      remedy: "give it its size, or say in 'layer_types' that all layers have full_attention")
  }

  /// Which layers see a window only: `layer_types` says so, or else a rule.
  private func windowedLayers(_ count: Int, _ rule: (Int) -> Bool) throws -> [DecoderConfiguration.Mixer] {
    guard has("layer_types") else { return (0..<count).map { rule($0) ? .windowedAttention : .attention } }
    let types = try strings("layer_types")
    guard types.count == count else {
      throw MohawkError(.invalidValue, "'layer_types' does not name \(count) layers", at: path)
    }
    return try types.map { type in
      switch type {
      case "full_attention": return .attention
      case "sliding_attention": return .windowedAttention
      default: throw MohawkError(.unsupported, "the layer type '\(type)' is not known", at: "\(path): layer_types")
      }
    }
  }
}

extension DecoderConfiguration {
  /// Which layers have a window, as `layer_types`.
  var layerTypes: [String] { mixers.map { $0 == .windowedAttention ? "sliding_attention" : "full_attention" } }

  /// The `config.json` of Llama's relatives.
  func gatedRMSJSON(_ architecture: String) -> [String: Any] {
    var object = commonJSON(architecture)
    object["hidden_act"] = sharedMLP?.activation.configName
    object["rms_norm_eps"] = normEpsilon
    object["head_dim"] = sharedAttention?.headDim
    return object
  }

  /// What Llama's relatives among Transformers cannot hold, positions and multipliers aside.
  func unsupportedGatedBlocks() -> String? {
    firstDifference([
      ("layers without attention", isTransformer),
      ("blocks that are not sequential", layout == .sequential),
      ("norms other than RMSNorm", norm == .rms(epsilon: normEpsilon)),
      ("an MLP that is not gated", sharedMLP?.isGated == true),
      ("a head with bias", !headBias),
      ("learned positions", learnedPositions == nil),
    ])
  }

  /// What Llama's nearest relatives cannot hold.
  func unsupportedGatedRMS() -> String? {
    unsupportedGatedBlocks()
      ?? firstDifference([
        ("positions on a part of each head", sharedAttention.map { $0.rotaryDim == $0.headDim } ?? false),
        ("multipliers", multipliers == Multipliers() && sharedAttention?.scale == nil),
      ])
  }
}

extension KeyTable {
  /// Attention under the names that most of transformers' architectures share; nothing for none.
  mutating func addAttention(
    _ attention: AttentionConfiguration?, from inner: String, to outer: String, output: String = "o_proj"
  ) {
    guard let attention else { return }
    for (name, key, bias) in [
      ("q_proj", "q_proj", attention.bias), ("k_proj", "k_proj", attention.bias), ("v_proj", "v_proj", attention.bias),
      ("dense", output, attention.outputBias),
    ] {
      map(inner + name + ".weight", to: outer + key + ".weight")
      if bias { map(inner + name + ".bias", to: outer + key + ".bias") }
    }
    if attention.headNormEpsilon != nil {
      map(["q_norm.weight": "q_norm.weight", "k_norm.weight": "k_norm.weight"], from: inner, to: outer)
    }
  }

  /// A gated MLP under the names that most of transformers' architectures share.
  mutating func addGatedMLP(bias: Bool, from inner: String, to outer: String) {
    for part in bias ? ["weight", "bias"] : ["weight"] {
      for name in ["gate", "up", "down"] { map("\(inner)\(name).\(part)", to: "\(outer)\(name)_proj.\(part)") }
    }
  }
}
