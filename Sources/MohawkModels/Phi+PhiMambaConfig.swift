import MohawkFiles
import MohawkMixers

// The `config.json` of the authors' Phi-Mamba: sections `Block1`, `Block2`, … each describe a run of equal layers, in
// the order in which they stand in the file.
extension PhiConfiguration {
  private static let stateSpaceCore = "modules.mixers.discrete_mamba2"
  private static let attentionCore = "modules.mixers.phi_attention"

  init(phiMamba json: ModelJSON) throws {
    let model = try json.nested("MixerModel").nested("input")
    let language = try json.nested("LanguageModel").nested("input")
    let modelDim = try model.integer("d_model")
    let layers = try model.integer("n_layer", in: 1...10_000)
    let multiple = try language.integer("pad_vocab_size_multiple", default: 1)
    let words = try language.integer("vocab_size")

    var mixers: [Mixer] = []
    var mamba: DiscreteMamba2Configuration?
    var attention: AttentionConfiguration?
    for name in Self.blockNames(json) {
      let block = try json.nested(name)
      let count = try block.integer("n_layers", in: 1...10_000)
      let core = try block.object("core_input") ?? ModelJSON(path: json.path, object: [:], text: "")
      switch try block.string("CoreType") {
      case Self.stateSpaceCore:
        let found = try Self.mamba(core, modelDim)
        guard mamba == nil || mamba == found else {
          throw MohawkError(.unsupported, "state-space layers of different geometry", at: "\(json.path): \(name)")
        }
        mamba = found
        mixers += Array(repeating: .discreteMamba2, count: count)
      case Self.attentionCore:
        // Without sizes of its own a block has Phi-1.5's.
        let found = try AttentionConfiguration(core, modelDim: modelDim, heads: modelDim.isMultiple(of: 32) ? 32 : 1)
        guard attention == nil || attention == found else {
          throw MohawkError(.unsupported, "attention layers of different geometry", at: "\(json.path): \(name)")
        }
        attention = found
        mixers += Array(repeating: .attention, count: count)
      case let other:
        throw MohawkError(
          .unsupported, "the mixer '\(other)' is not known", at: "\(json.path): \(name)",
          remedy: "known are \(Self.stateSpaceCore) and \(Self.attentionCore)")
      }
    }
    guard mixers.count == layers else {
      throw MohawkError(.invalidFormat, "the blocks hold \(mixers.count) layers, n_layer says \(layers)", at: json.path)
    }
    guard mamba != nil else {
      throw MohawkError(.invalidFormat, "no block is a state-space layer", at: json.path)
    }
    self.init(
      vocabulary: (words + multiple - 1) / multiple * multiple, modelDim: modelDim, mlpDim: 4 * modelDim, epsilon: 1e-5,
      mixers: mixers, attention: attention ?? .unused(modelDim: modelDim), mamba: mamba)
  }

  /// The names of the blocks in the order of the file.
  private static func blockNames(_ json: ModelJSON) -> [String] {
    json.object.keys.filter { $0.hasPrefix("Block") }.sorted { first, second in
      let a = json.text.range(of: "\"\(first)\"")?.lowerBound ?? json.text.endIndex
      let b = json.text.range(of: "\"\(second)\"")?.lowerBound ?? json.text.endIndex
      return a < b
    }
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

  var phiMambaJSON: [String: Any] {
    guard let mamba else { preconditionFailure("a Phi-Mamba without state-space layers") }
    precondition(
      mlpDim == 4 * modelDim && epsilon == 1e-5, "Phi-Mamba's format fixes mlpDim = 4 modelDim and epsilon = 1e-5")
    var object: [String: Any] = [
      "architectures": ["PhiMambaForCausalLM"], "model_type": "phi-mamba",
      "LanguageModel": ["input": ["vocab_size": vocabulary, "pad_vocab_size_multiple": 1]],
      "MixerModel": ["input": ["d_model": modelDim, "n_layer": mixers.count, "lm_head_prenorm": "layer"]],
    ]
    for (index, run) in runs.enumerated() {
      var block: [String: Any] = [
        "n_layers": run.count, "BlockType": "modules.phi_block", "block_input": ["resid_dropout": 0.0],
      ]
      switch run.kind {
      case .discreteMamba2:
        block["CoreType"] = Self.stateSpaceCore
        block["core_input"] =
          [
            "d_state": mamba.stateDim, "n_v_heads": mamba.vHeads, "n_qk_heads": mamba.qkHeads,
            "d_conv": mamba.convWidth, "conv_bias": true, "expand": 1, "chunk_size": mamba.chunk,
            "activation": "identity", "bias": false,
          ] as [String: Any]
      case .attention:
        block["CoreType"] = Self.attentionCore
        block["core_input"] =
          [
            "num_attention_heads": attention.heads, "num_key_value_heads": attention.kvHeads,
            "partial_rotary_factor": Double(attention.rotaryDim) / Double(attention.headDim),
            "rope_theta": attention.rotaryBase, "max_position_embeddings": attention.maxLength,
          ] as [String: Any]
      }
      // Two digits or more when needed, so that sorted keys stand in the order of the layers.
      let digits = String(runs.count).count
      let number = String(index + 1)
      object["Block" + String(repeating: "0", count: digits - number.count) + number] = block
    }
    return object
  }

  /// Runs of equal layers.
  private var runs: [(kind: Mixer, count: Int)] {
    var result: [(kind: Mixer, count: Int)] = []
    for kind in mixers {
      if result.last?.kind == kind { result[result.count - 1].count += 1 } else { result.append((kind, 1)) }
    }
    return result
  }
}
