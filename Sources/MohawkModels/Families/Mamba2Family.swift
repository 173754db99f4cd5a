// Mamba-2 as transformers has it (`Mamba2ForCausalLM`): layers of a norm and a mixer, without MLPs.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum Mamba2Family: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [])
    guard try ["silu", "swish"].contains(json.string("hidden_act", default: "silu")) else {
      throw MohawkError(.unsupported, "'hidden_act' other than silu is not supported for Mamba-2", at: json.path)
    }
    let modelDim = try json.integer("hidden_size", default: 4096)
    let epsilon = try json.epsilon("layer_norm_epsilon", default: 1e-5)
    let (heads, headDim) = (try json.integer("num_heads", default: 128), try json.integer("head_dim", default: 64))
    let groups = try json.integer("n_groups", default: 8)
    let expand = try json.number("expand", default: 2)
    guard heads.isMultiple(of: groups), Double(heads * headDim) == expand * Double(modelDim), heads <= 1 << 24 / headDim
    else {
      throw MohawkError(
        .invalidValue, "\(heads) heads of \(headDim) in \(groups) groups do not fit \(expand) times width \(modelDim)",
        at: json.path)
    }
    var result = DecoderConfiguration(
      mambaFormat: format, vocabulary: try json.integer("vocab_size"), modelDim: modelDim,
      layers: try json.layers(), norm: .rms(epsilon: epsilon))
    result.mixers = result.mixers.map { _ in .mamba2 }
    result.mamba2 = Mamba2Configuration(
      modelDim: modelDim, heads: heads, headDim: headDim, groups: groups,
      stateDim: try json.integer("state_size", default: 128, in: 1...65_536),
      convWidth: try json.integer("conv_kernel", default: 4, in: 2...64),
      chunk: try json.integer("chunk_size", default: 256, in: 1...65_536), normGroups: groups, normEpsilon: epsilon,
      projectionBias: try json.bool("use_bias", default: false),
      convolutionBias: try json.bool("use_conv_bias", default: true), timeStepLimit: try json.timeStepLimit())
    result.tiesHead = try json.bool("tie_word_embeddings", default: false)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    configuration.mambaKeys(embedding: "backbone.embeddings.weight")
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    guard let mamba = configuration.mamba2 else { preconditionFailure("a Mamba-2 without geometry") }
    var object: [String: Any] = [
      "architectures": ["Mamba2ForCausalLM"], "model_type": "mamba2", "torch_dtype": "float32",
      "vocab_size": configuration.vocabulary, "hidden_size": configuration.modelDim,
      "num_hidden_layers": configuration.mixers.count, "hidden_act": "silu",
      "layer_norm_epsilon": configuration.normEpsilon, "num_heads": mamba.heads, "head_dim": mamba.headDim,
      "n_groups": mamba.groups, "state_size": mamba.stateDim, "conv_kernel": mamba.convWidth,
      "chunk_size": mamba.chunk, "expand": mamba.innerDim / mamba.modelDim, "use_bias": mamba.projectionBias,
      "use_conv_bias": mamba.convolutionBias, "time_step_limit": mamba.timeStepLimitJSON, "rms_norm": true,
      "residual_in_fp32": true, "tie_word_embeddings": configuration.tiesHead, "use_cache": true,
    ]
    object.merge(configuration.tokens.json) { $1 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let mamba = configuration.mamba2
    return configuration.firstDifference([
      ("mixers other than Mamba-2", configuration.mixers.allSatisfy { $0 == .mamba2 }),
      ("MLPs", configuration.layout == .mixerOnly),
      ("norms other than RMSNorm", configuration.norm == .rms(epsilon: configuration.normEpsilon)),
      ("a head with bias", !configuration.headBias),
      ("learned positions", configuration.learnedPositions == nil),
      ("multipliers", configuration.multipliers == .init()),
      (
        "Mamba-2 of a width that is no multiple of the model's",
        mamba.map { $0.innerDim.isMultiple(of: $0.modelDim) } ?? false
      ),
      (
        "Mamba-2 with a norm over other groups than those of B and C",
        mamba.map { $0.normGroups == $0.groups && $0.normEpsilon == configuration.normEpsilon } ?? false
      ),
    ])
  }
}

extension DecoderConfiguration {
  /// A model of mixers without MLPs; its mixers are still to be named.
  init(
    mambaFormat format: CheckpointFormat, vocabulary: Int, modelDim: Int, layers: Int, norm: Norm.Kind
  ) {
    self.init(
      format: format, vocabulary: vocabulary, modelDim: modelDim, layers: layers, layout: .mixerOnly, norm: norm,
      mlp: .none, attention: .unused(modelDim: modelDim))
  }

  /// The names that transformers and state-spaces/mamba share.
  func mambaKeys(embedding: String) -> KeyTable {
    var table = KeyTable()
    table.map(["final_norm.weight": "backbone.norm_f.weight"])
    if case .layer = norm { table.map(["final_norm.bias": "backbone.norm_f.bias"]) }
    table.mapVocabulary(embedding: embedding, head: "lm_head.weight", isTied: tiesHead)
    table.countLayers(mixers.count, under: "backbone.layers.")
    if format != .stateSpaces { table.allowWithout("backbone.") }
    for (index, kind) in mixers.enumerated() {
      let layer = "layers.\(index)."
      let outer = "backbone." + layer
      table.map(layer + "norm.weight", to: outer + "norm.weight")
      if case .layer = norm { table.map(layer + "norm.bias", to: outer + "norm.bias") }
      switch kind {
      case .mamba2: table.addMamba2(mamba2!, from: layer + "mixer.", to: outer + "mixer.")
      case .mamba: table.addMamba(mamba!, from: layer + "mixer.", to: outer + "mixer.")
      default: preconditionFailure("a format without attention for a model with it")
      }
    }
    return table
  }
}

extension DecoderConfiguration.MLP {
  /// What stands where a layout has no MLP.
  public static let none = DecoderConfiguration.MLP(width: 1, activation: .silu, isGated: true, bias: false)
}
