// What Mamba and Mamba-2 have in common as models: layers of a norm and a mixer, without MLPs.

import MohawkLayers
import MohawkMixers

extension DecoderConfiguration {
  /// The names that transformers and state-spaces/mamba share.
  func mambaKeys(embedding: String) -> KeyTable {
    var table = KeyTable()
    table.map(["final_norm.weight": "backbone.norm_f.weight"])
    if case .layer = norm { table.map(["final_norm.bias": "backbone.norm_f.bias"]) }
    table.mapVocabulary(embedding: embedding, head: "lm_head.weight", isTied: tiesHead)
    table.countLayers(layers.count, under: "backbone.layers.")
    if format != .stateSpaces { table.allowWithout("backbone.") }
    for (index, own) in layers.enumerated() {
      let layer = "layers.\(index)."
      let outer = "backbone." + layer
      table.map(layer + "norm.weight", to: outer + "norm.weight")
      if case .layer = norm { table.map(layer + "norm.bias", to: outer + "norm.bias") }
      switch own.mixer {
      case let mamba as Mamba2Configuration: table.addMamba2(mamba, from: layer + "mixer.", to: outer + "mixer.")
      case let mamba as MambaConfiguration: table.addMamba(mamba, from: layer + "mixer.", to: outer + "mixer.")
      default: preconditionFailure("a format without attention for a model with it")
      }
    }
    return table
  }

  /// What the `config.json` of both of transformers' architectures says.
  func pureMambaJSON(_ architecture: String) -> [String: Any] {
    var object = commonJSON(architecture)
    object["hidden_act"] = "silu"
    object["layer_norm_epsilon"] = normEpsilon
    object["residual_in_fp32"] = true
    return object
  }

  /// What keeps this model from being layers of norms and mixers of one kind alone.
  func unsupportedPureMamba(_ kind: MixerKind, innerDim: Int?) -> String? {
    let title = kind.geometry!.title
    return firstDifference([
      ("mixers other than \(title)", mixers.allSatisfy { $0 == kind }),
      ("MLPs", layout == .mixerOnly),
      ("norms other than RMSNorm", norm == .rms(epsilon: normEpsilon)),
      ("a head with bias", !headBias),
      ("learned positions", learnedPositions == nil),
      ("multipliers", multipliers == .init()),
      (
        "\(title) of a width that is no multiple of the model's",
        innerDim.map { $0.isMultiple(of: modelDim) } ?? false
      ),
    ])
  }
}
