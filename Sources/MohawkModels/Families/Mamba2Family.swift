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
    let (vocabulary, layers) = (try json.integer("vocab_size"), try json.layers())
    let mamba = Mamba2Configuration(
      modelDim: modelDim, heads: heads, headDim: headDim, groups: groups,
      stateDim: try json.integer("state_size", default: 128, in: 1...65_536),
      convWidth: try json.integer("conv_kernel", default: 4, in: 2...64),
      chunk: try json.integer("chunk_size", default: 256, in: 1...65_536), normGroups: groups, normEpsilon: epsilon,
      projectionBias: try json.bool("use_bias", default: false),
      convolutionBias: try json.bool("use_conv_bias", default: true), timeStepLimit: try json.timeStepLimit())
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim, layers: layers, layout: .mixerOnly,
      norm: .rms(epsilon: epsilon), mlp: nil, mixer: mamba)
    result.tiesHead = try json.bool("tie_word_embeddings", default: false)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    configuration.mambaKeys(embedding: "backbone.embeddings.weight")
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    guard let mamba = configuration.shared(Mamba2Configuration.self) else {
      preconditionFailure("a Mamba-2 without geometry")
    }
    var object = configuration.pureMambaJSON("Mamba2ForCausalLM")
    object.merge([
      "num_heads": mamba.heads, "head_dim": mamba.headDim, "n_groups": mamba.groups, "state_size": mamba.stateDim,
      "conv_kernel": mamba.convWidth, "chunk_size": mamba.chunk, "expand": mamba.innerDim / mamba.modelDim,
      "use_bias": mamba.projectionBias, "use_conv_bias": mamba.convolutionBias,
      "time_step_limit": mamba.timeStepLimitJSON, "rms_norm": true,
    ]) { $1 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let mamba = configuration.shared(Mamba2Configuration.self)
    return configuration.unsupportedPureMamba(.mamba2, innerDim: mamba?.innerDim)
      ?? configuration.firstDifference([
        (
          "Mamba-2 with a norm over other groups than those of B and C",
          mamba.map { $0.normGroups == $0.groups && $0.normEpsilon == configuration.normEpsilon } ?? false
        )
      ])
  }
}
