// Phi-Mamba and Hybrid-Phi-Mamba (goombalab/phi-mamba): Phi with another mixer in all or most layers. Sections `Block1`,
// `Block2`, … of its `config.json` each describe a run of equal layers, in the order in which they stand in the file.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum PhiMambaFamily: Family {
  private static let blockType = "modules.phi_block"
  private static let stateSpaceCore = "modules.mixers.discrete_mamba2"
  private static let attentionCore = "modules.mixers.phi_attention"

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    let model = try json.nested("MixerModel").nested("input")
    let language = try json.nested("LanguageModel").nested("input")
    let modelDim = try model.integer("d_model")
    let layers = try model.integer("n_layer", in: 1...10_000)
    let multiple = try language.integer("pad_vocab_size_multiple", default: 1)
    let words = try language.integer("vocab_size")

    var mixers: [any MixerGeometry] = []
    var mamba: DiscreteMamba2Configuration?
    var attention: AttentionConfiguration?
    guard try model.string("lm_head_prenorm", default: "layer") == "layer" else {
      throw MohawkError(.unsupported, "'lm_head_prenorm' other than layer is not supported", at: model.path)
    }
    for name in blockNames(json) {
      let block = try json.nested(name)
      let count = try block.integer("n_layers", in: 1...10_000)
      guard count <= layers - mixers.count else {
        throw MohawkError(.invalidFormat, "the blocks hold more layers than n_layer, \(layers), says", at: json.path)
      }
      guard try block.string("BlockType", default: blockType) == blockType else {
        throw MohawkError(
          .unsupported, "the block is not \(blockType)", at: "\(json.path): \(ModelJSON.short(name))")
      }
      let core = try block.object("core_input") ?? ModelJSON(path: json.path, object: [:], text: "")
      switch try block.string("CoreType") {
      case stateSpaceCore:
        let found = try Self.mamba(core, modelDim)
        guard mamba == nil || mamba == found else {
          throw MohawkError(.unsupported, "state-space layers of different geometry", at: "\(json.path): \(name)")
        }
        mamba = found
        mixers += Array(repeating: found, count: count)
      case attentionCore:
        // Without sizes of its own a block has Phi-1.5's.
        try core.refuseOtherMathematics(than: ["partial_rotary_factor"])
        let found = try AttentionConfiguration(
          core, modelDim: modelDim, defaults: .init(heads: modelDim.isMultiple(of: 32) ? 32 : 1, fraction: 0.5),
          bias: true)
        guard attention == nil || attention == found else {
          throw MohawkError(.unsupported, "attention layers of different geometry", at: "\(json.path): \(name)")
        }
        attention = found
        mixers += Array(repeating: found, count: count)
      case let other:
        throw MohawkError(
          .unsupported, "the mixer '\(other)' is not known", at: "\(json.path): \(name)",
          remedy: "known are \(stateSpaceCore) and \(attentionCore)")
      }
    }
    guard mixers.count == layers else {
      throw MohawkError(.invalidFormat, "the blocks hold \(mixers.count) layers, n_layer says \(layers)", at: json.path)
    }
    guard mamba != nil else {
      throw MohawkError(.invalidFormat, "no block is a state-space layer", at: json.path)
    }
    let vocabulary = try json.size((words + multiple - 1) / multiple * multiple, "the vocabulary")
    let mlp = DecoderConfiguration.MLP(
      width: try json.size(4 * modelDim, "the MLP's width"), activation: .geluTanh, isGated: false, bias: true)
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim,
      layers: mixers.map { DecoderLayer($0, mlp: mlp, layout: .parallel) }, norm: .layer(epsilon: 1e-5))
    result.headBias = true
    result.tokens = json.tokenRoles()
    return result
  }

  /// The names of the blocks in the order of the file.
  private static func blockNames(_ json: ModelJSON) -> [String] {
    var places: [String: Int] = [:]
    for (place, text) in json.outermostTexts().enumerated() where text.hasPrefix("Block") {
      places[String(text)] = place
    }
    return json.object.keys.filter { $0.hasPrefix("Block") }.sorted { places[$0] ?? .max < places[$1] ?? .max }
  }

  private static func mamba(_ core: ModelJSON, _ modelDim: Int) throws -> DiscreteMamba2Configuration {
    let vHeads = try core.integer("n_v_heads")
    let qkHeads = try core.integer("n_qk_heads", default: vHeads)
    guard vHeads.isMultiple(of: qkHeads), modelDim.isMultiple(of: vHeads) else {
      throw MohawkError(
        .invalidValue, "\(vHeads) heads of x do not fit \(qkHeads) heads of B and width \(modelDim)", at: core.path)
    }
    for (key, wanted) in [("expand", 1)] where try core.integer(key, default: wanted) != wanted {
      throw MohawkError(.unsupported, "'\(key)' other than \(wanted) is not supported", at: core.path)
    }
    guard try core.string("activation", default: "identity") == "identity", try !core.bool("bias", default: false),
      try core.bool("conv_bias", default: true)
    else {
      throw MohawkError(
        .unsupported, "only activation identity, bias false and conv_bias true are supported", at: core.path)
    }
    return DiscreteMamba2Configuration(
      modelDim: modelDim, qkHeads: qkHeads, vHeads: vHeads,
      stateDim: try core.integer("d_state", default: 64, in: 1...65_536),
      convWidth: try core.integer("d_conv", default: 4, in: 2...64),
      chunk: try core.integer("chunk_size", default: 128, in: 1...65_536))
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    var table = KeyTable()
    table.map([
      "embedding.weight": "backbone.embedding.weight", "final_norm.weight": "backbone.final_layernorm.weight",
      "final_norm.bias": "backbone.final_layernorm.bias", "lm_head.weight": "lm_head.weight",
      "lm_head.bias": "lm_head.bias",
    ])
    for (index, own) in configuration.layers.enumerated() {
      let layer = "layers.\(index)."
      let outer = "backbone." + layer
      table.map(PhiFamily.blockKeys, from: layer, to: outer)
      if own.attention != nil {
        table.map(PhiFamily.attentionKeys, from: layer + "attention.", to: outer + "mixer.self_attn.")
      } else if let mamba = own.mixer as? DiscreteMamba2Configuration {
        table.addDiscreteMamba2(mamba, from: layer + "mixer.", to: outer + "mixer.")
      }
    }
    return table
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object: [String: Any] = [
      "architectures": ["PhiMambaForCausalLM"], "model_type": "phi-mamba",
      "LanguageModel": ["input": ["vocab_size": configuration.vocabulary, "pad_vocab_size_multiple": 1]],
      "MixerModel": [
        "input": [
          "d_model": configuration.modelDim, "n_layer": configuration.layers.count, "lm_head_prenorm": "layer",
        ] as [String: Any]
      ],
    ]
    object.merge(configuration.tokens.json) { $1 }
    let runs = runs(configuration.layers)
    for (index, run) in runs.enumerated() {
      var block: [String: Any] = [
        "n_layers": run.count, "BlockType": blockType, "block_input": ["resid_dropout": 0.0],
      ]
      if let attention = run.layer.attention {
        block["CoreType"] = attentionCore
        var core: [String: Any] =
          [
            "num_attention_heads": attention.heads, "num_key_value_heads": attention.kvHeads,
            "partial_rotary_factor": Double(attention.rotaryDim) / Double(attention.headDim),
            "rope_theta": attention.rotaryBase, "max_position_embeddings": attention.maxLength,
          ]
        if attention.width != configuration.modelDim { core["head_dim"] = attention.headDim }
        block["core_input"] = core
      } else if let mamba = run.layer.mixer as? DiscreteMamba2Configuration {
        block["CoreType"] = stateSpaceCore
        block["core_input"] =
          [
            "d_state": mamba.stateDim, "n_v_heads": mamba.vHeads, "n_qk_heads": mamba.qkHeads,
            "d_conv": mamba.convWidth, "conv_bias": true, "expand": 1, "chunk_size": mamba.chunk,
            "activation": "identity", "bias": false,
          ] as [String: Any]
      }
      // Two digits or more when needed, so that sorted keys stand in the order of the layers.
      let digits = String(runs.count).count
      let number = String(index + 1)
      object["Block" + String(repeating: "0", count: digits - number.count) + number] = block
    }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let (attention, mlp) = (configuration.sharedAttention, configuration.sharedMLP)
    return configuration.firstDifference([
      ("a model without Discrete-Mamba-2 layers", configuration.mixers.contains(.discreteMamba2)),
      (
        "mixers other than Discrete-Mamba-2 and full attention",
        configuration.mixers.allSatisfy { $0 == .discreteMamba2 || $0 == .attention }
      ),
      ("a window beside the recurrent part", !configuration.hasWindow),
      (KeptHeads.name, !configuration.hasKeptHeads),
      ("blocks that are not parallel with one norm", configuration.layout == .parallel),
      ("norms other than LayerNorm with epsilon 1e-5", configuration.norm == .layer(epsilon: 1e-5)),
      (
        "an MLP other than one of tanh-GELU, four times as wide as the model",
        mlp == .init(width: 4 * configuration.modelDim, activation: .geluTanh, isGated: false, bias: true)
      ),
      ("a tied head or one without bias", !configuration.tiesHead && configuration.headBias),
      ("learned positions", configuration.learnedPositions == nil),
      (
        "attention without biases, with norms of heads or stretched positions",
        attention.map { $0.bias && $0.outputBias && $0.headNormEpsilon == nil && $0.rotaryScaling == .none } ?? true
      ),
    ])
  }

  /// Runs of equal layers.
  private static func runs(_ layers: [DecoderLayer]) -> [(layer: DecoderLayer, count: Int)] {
    var result: [(layer: DecoderLayer, count: Int)] = []
    for layer in layers {
      if result.last?.layer == layer { result[result.count - 1].count += 1 } else { result.append((layer, 1)) }
    }
    return result
  }
}

extension KeyTable {
  /// A Discrete-Mamba-2 mixer under its authors' names.
  mutating func addDiscreteMamba2(_ mamba: DiscreteMamba2Configuration, from inner: String, to outer: String) {
    let bc = 2 * mamba.qkHeads * mamba.stateDim
    map(["z_bias": "z_bias", "D": "D", "out_proj.weight": "out_proj.weight"], from: inner, to: outer)
    join(
      [
        (inner + "in_proj.x", mamba.modelDim), (inner + "in_proj.bc", bc), (inner + "in_proj.z", mamba.modelDim),
        (inner + "in_proj.a_log", mamba.vHeads),
      ], to: outer + "in_proj.weight")
    for part in ["weight", "bias"] {
      join(
        [(inner + "conv1d.x." + part, mamba.modelDim), (inner + "conv1d.bc." + part, bc)], to: outer + "conv1d." + part)
    }
  }
}
