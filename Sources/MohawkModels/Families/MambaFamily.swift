// Mamba as transformers has it (`MambaForCausalLM`).

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum MambaFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [])
    guard try ["silu", "swish"].contains(json.string("hidden_act", default: "silu")) else {
      throw MohawkError(.unsupported, "'hidden_act' other than silu is not supported for Mamba", at: json.path)
    }
    let modelDim = try json.integer("hidden_size", default: 768)
    let epsilon = try json.epsilon("layer_norm_epsilon", default: 1e-5)
    let isAutomatic = !json.has("time_step_rank") || json.object["time_step_rank"] as? String == "auto"
    let expand = try json.integer("expand", default: 2, in: 1...1024)
    let (vocabulary, layers) = (try json.integer("vocab_size"), try json.layers())
    let mamba = MambaConfiguration(
      modelDim: modelDim,
      innerDim: try json.size(try json.integer("intermediate_size", default: expand * modelDim), "Mamba's width"),
      stateDim: try json.integer("state_size", default: 16, in: 1...65_536),
      timeStepRank: isAutomatic ? (modelDim + 15) / 16 : try json.integer("time_step_rank"),
      convWidth: try json.integer("conv_kernel", default: 4, in: 2...64),
      projectionBias: try json.bool("use_bias", default: false),
      convolutionBias: try json.bool("use_conv_bias", default: true))
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim, layers: layers, layout: .mixerOnly,
      norm: .rms(epsilon: epsilon), mlp: nil, mixer: mamba)
    result.tiesHead = try json.bool("tie_word_embeddings", default: true)
    result.tokens = json.tokenRoles()
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    configuration.mambaKeys(embedding: "backbone.embeddings.weight")
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    guard let mamba = configuration.shared(MambaConfiguration.self) else {
      preconditionFailure("a Mamba without geometry")
    }
    var object = configuration.pureMambaJSON("MambaForCausalLM")
    object.merge([
      "state_size": mamba.stateDim, "conv_kernel": mamba.convWidth, "expand": mamba.innerDim / mamba.modelDim,
      "intermediate_size": mamba.innerDim, "time_step_rank": mamba.timeStepRank, "use_bias": mamba.projectionBias,
      "use_conv_bias": mamba.convolutionBias,
    ]) { $1 }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    configuration.unsupportedPureMamba(.mamba, innerDim: configuration.shared(MambaConfiguration.self)?.innerDim)
  }
}

extension KeyTable {
  /// A Mamba mixer under the names of its authors and of transformers.
  mutating func addMamba(_ mamba: MambaConfiguration, from inner: String, to outer: String) {
    for (ours, theirs, has) in [
      ("in_proj.", "in_proj.weight", true), ("in_proj.bias.", "in_proj.bias", mamba.projectionBias),
    ] where has {
      join(["x", "z"].map { (inner + ours + $0, mamba.innerDim) }, to: outer + theirs)
    }
    map(
      [
        "conv1d.weight": "conv1d.weight", "x_proj.weight": "x_proj.weight", "dt_proj.weight": "dt_proj.weight",
        "dt_proj.bias": "dt_proj.bias", "A_log": "A_log", "D": "D", "out_proj.weight": "out_proj.weight",
      ], from: inner, to: outer)
    if mamba.convolutionBias { map(inner + "conv1d.bias", to: outer + "conv1d.bias") }
    if mamba.projectionBias { map(inner + "out_proj.bias", to: outer + "out_proj.bias") }
  }
}
