import MohawkMixers

/// One layer of a model, as data: a mixer, an MLP or none, and the steps that join both to the residual stream.
public struct DecoderLayer: Sendable, Equatable {
  /// What mixes the tokens, as this layer has it: with its own window, rotary positions and kept heads.
  public var mixer: any MixerGeometry
  /// The MLP; nil for none.
  public var mlp: DecoderConfiguration.MLP?
  /// How a block is computed. They begin with the mixer.
  public var steps: [BlockStep]

  /// A layer of these parts.
  /// - Parameters:
  ///   - mixer: of the model's width.
  ///   - mlp: needed by every layout but ``DecoderConfiguration/Layout/mixerOnly``, which leaves it out.
  ///   - layout: how the block is joined.
  ///   - norms: where it has norms.
  public init(
    _ mixer: any MixerGeometry, mlp: DecoderConfiguration.MLP?, layout: DecoderConfiguration.Layout = .sequential,
    norms: DecoderConfiguration.NormPlaces = .before
  ) {
    self.mixer = mixer
    self.mlp = layout == .mixerOnly ? nil : mlp
    steps = layout.steps(norms)
    precondition(self.mlp != nil || layout == .mixerOnly, "a \(layout.rawValue) layer without an MLP")
  }

  /// The kind of the mixer: attention with a window is windowed attention.
  public var kind: MixerKind {
    attention.map { $0.window == nil ? .attention : .windowedAttention } ?? type(of: mixer).kind
  }

  /// The mixer where it is the model's own attention.
  public var attention: AttentionConfiguration? { mixer as? AttentionConfiguration }

  /// Single heads that keep attention in another mixer.
  public var keptHeads: KeptHeads? { (mixer as? DiscreteMamba2Configuration)?.kept }

  /// The mixer without the heads that keep attention, in which layers of a kind may differ.
  var recurrentMixer: any MixerGeometry {
    guard var mixer = mixer as? DiscreteMamba2Configuration else { return mixer }
    mixer.kept = nil
    return mixer
  }

  /// Where the mixer's parameters stand in the layer.
  var mixerName: String { mixer is AttentionConfiguration ? "attention" : "mixer" }

  public static func == (a: Self, b: Self) -> Bool {
    a.mixer.equals(b.mixer) && a.mlp == b.mlp && a.steps == b.steps
  }
}

extension DecoderConfiguration {
  /// The layer of whose mixer a parameter is; nil for attention's, and for what is of no mixer.
  package static func mixerLayer(of parameter: String) -> Int? {
    let path = parameter.split(separator: ".")
    return path.count > 3 && path[0] == "layers" && path[2] == "mixer" ? Int(path[1]) : nil
  }
}
