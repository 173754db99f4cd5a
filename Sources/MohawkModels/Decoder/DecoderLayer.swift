import MohawkMixers

/// One layer of a model, as data: a mixer, an MLP or none, and the steps that join both to the residual stream.
public struct DecoderLayer: Sendable {
  /// What mixes the tokens, as this layer has it: with its own window and rotary positions.
  public var mixer: any MixerGeometry
  /// The MLP; nil for none.
  public var mlp: DecoderConfiguration.MLP?
  /// How a block is computed.
  public var steps: [BlockStep]

  /// Where the mixer's parameters stand in the layer.
  var mixerName: String { mixer is AttentionConfiguration ? "attention" : "mixer" }
}

extension DecoderConfiguration {
  /// The layers, from the embedding to the head.
  public var layers: [DecoderLayer] {
    let steps = layout.steps(normPlaces)
    return mixers.indices.map {
      DecoderLayer(mixer: mixer(of: $0), mlp: layout == .mixerOnly ? nil : mlp, steps: steps)
    }
  }

  /// The geometries of the layers with attention.
  var attentions: [AttentionConfiguration] { layers.compactMap { $0.mixer as? AttentionConfiguration } }

  private func mixer(of layer: Int) -> any MixerGeometry {
    let kind = mixers[layer]
    if kind.isAttention { return attention(of: layer) }
    guard let geometry = geometries[kind] else { preconditionFailure("a \(kind.rawValue) layer without geometry") }
    return geometry
  }

  /// The layer of whose mixer a parameter is; nil for attention's, and for what is of no mixer.
  package static func mixerLayer(of parameter: String) -> Int? {
    let path = parameter.split(separator: ".")
    return path.count > 3 && path[0] == "layers" && path[2] == "mixer" ? Int(path[1]) : nil
  }
}
