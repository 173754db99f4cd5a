// Mamba and Mamba-2 as their authors' package writes them (state-spaces/mamba): other keys in `config.json`, `embedding` instead of
// `embeddings`.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum StateSpacesFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    let modelDim = try json.integer("d_model")
    let words = try json.integer("vocab_size")
    let multiple = try json.integer("pad_vocab_size_multiple", default: 8)
    guard try json.integer("d_intermediate", default: 0, in: 0...1 << 24) == 0,
      !json.has("attn_layer_idx") || (json.object["attn_layer_idx"] as? [Any])?.isEmpty == true
    else {
      throw MohawkError(.unsupported, "layers of attention and MLPs are not supported in this format", at: json.path)
    }
    let cell = try json.object("ssm_cfg") ?? ModelJSON(path: json.path, object: [:], text: "")
    let isRMS = try json.bool("rms_norm", default: true)
    let vocabulary = try json.size((words + multiple - 1) / multiple * multiple, "the vocabulary")
    let layers = try json.layers("n_layer")
    let mixer: any MixerGeometry
    switch try cell.string("layer", default: "Mamba1") {
    case "Mamba2": mixer = try mamba2(cell, modelDim)
    case "Mamba1": mixer = try mamba(cell, modelDim)
    case let other:
      throw MohawkError(
        .unsupported, "the layer '\(other)' is not known", at: cell.path, remedy: "known are Mamba1 and Mamba2")
    }
    var result = DecoderConfiguration(
      format: format, vocabulary: vocabulary, modelDim: modelDim, layers: layers, layout: .mixerOnly,
      norm: isRMS ? .rms(epsilon: 1e-5) : .layer(epsilon: 1e-5), mlp: nil, mixer: mixer)
    result.tiesHead = try json.bool("tie_embeddings", default: true)
    result.tokens = json.tokenRoles()
    return result
  }

  private static func mamba(_ cell: ModelJSON, _ modelDim: Int) throws -> MambaConfiguration {
    let isAutomatic = !cell.has("dt_rank") || cell.object["dt_rank"] as? String == "auto"
    return MambaConfiguration(
      modelDim: modelDim,
      innerDim: try cell.size(try cell.integer("expand", default: 2, in: 1...1024) * modelDim, "Mamba's width"),
      stateDim: try cell.integer("d_state", default: 16, in: 1...65_536),
      timeStepRank: isAutomatic ? (modelDim + 15) / 16 : try cell.integer("dt_rank"),
      convWidth: try cell.integer("d_conv", default: 4, in: 2...64),
      projectionBias: try cell.bool("bias", default: false),
      convolutionBias: try cell.bool("conv_bias", default: true))
  }

  private static func mamba2(_ cell: ModelJSON, _ modelDim: Int) throws -> Mamba2Configuration {
    let (expand, headDim) = (try cell.integer("expand", default: 2), try cell.integer("headdim", default: 64))
    let groups = try cell.integer("ngroups", default: 1)
    guard try !cell.bool("norm_before_gate", default: false), try cell.bool("rmsnorm", default: true),
      try !cell.bool("D_has_hdim", default: false), !cell.has("d_ssm"),
      try ["silu", "swish"].contains(cell.string("activation", default: "swish"))
    else {
      throw MohawkError(
        .unsupported,
        "only norm_before_gate false, rmsnorm true, D_has_hdim false, no d_ssm and activation silu are supported",
        at: cell.path, remedy: "use a model without these options")
    }
    let inner = try cell.size(expand * modelDim, "Mamba-2's width")
    guard inner.isMultiple(of: headDim), (inner / headDim).isMultiple(of: groups) else {
      throw MohawkError(
        .invalidValue, "heads of \(headDim) in \(groups) groups do not fit \(inner) channels", at: cell.path)
    }
    return Mamba2Configuration(
      modelDim: modelDim, heads: inner / headDim, headDim: headDim, groups: groups,
      stateDim: try cell.integer("d_state", default: 128, in: 1...65_536),
      convWidth: try cell.integer("d_conv", default: 4, in: 2...64),
      chunk: try cell.integer("chunk_size", default: 256, in: 1...65_536), normGroups: groups, normEpsilon: 1e-5,
      projectionBias: try cell.bool("bias", default: false),
      convolutionBias: try cell.bool("conv_bias", default: true), timeStepLimit: try cell.timeStepLimit("dt_limit"))
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable {
    configuration.mambaKeys(embedding: "backbone.embedding.weight")
  }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var cell: [String: Any] = [:]
    if let mamba = configuration.shared(Mamba2Configuration.self) {
      cell = [
        "layer": "Mamba2", "d_state": mamba.stateDim, "d_conv": mamba.convWidth,
        "expand": mamba.innerDim / mamba.modelDim, "headdim": mamba.headDim, "ngroups": mamba.groups,
        "chunk_size": mamba.chunk, "bias": mamba.projectionBias, "conv_bias": mamba.convolutionBias,
      ]
    }
    if let mamba = configuration.shared(MambaConfiguration.self) {
      cell = [
        "layer": "Mamba1", "d_state": mamba.stateDim, "d_conv": mamba.convWidth,
        "expand": mamba.innerDim / mamba.modelDim, "dt_rank": mamba.timeStepRank, "bias": mamba.projectionBias,
        "conv_bias": mamba.convolutionBias,
      ]
    }
    let isRMS = configuration.norm == .rms(epsilon: 1e-5)
    return [
      "d_model": configuration.modelDim, "n_layer": configuration.layers.count, "d_intermediate": 0,
      "vocab_size": configuration.vocabulary, "ssm_cfg": cell, "rms_norm": isRMS, "residual_in_fp32": true,
      "fused_add_norm": true, "pad_vocab_size_multiple": 1, "tie_embeddings": configuration.tiesHead,
    ]
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    // The norms may be of either kind here.
    var plain = configuration
    plain.norm = .rms(epsilon: configuration.normEpsilon)
    let inner =
      configuration.mixers.allSatisfy { $0 == .mamba }
      ? MambaFamily.unsupportedFeature(to: plain) : Mamba2Family.unsupportedFeature(to: plain)
    let limit = configuration.shared(Mamba2Configuration.self)?.timeStepLimit
    return inner
      ?? configuration.firstDifference([
        ("norms with an epsilon other than 1e-5", configuration.normEpsilon == 1e-5),
        ("limits of the step size", (limit ?? 0...Double.infinity) == 0...Double.infinity),
      ])
  }
}
