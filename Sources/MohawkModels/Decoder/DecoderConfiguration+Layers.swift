import MohawkMixers

// Questions about all layers at once. What formats describe once for all layers is nil where layers differ in it.
extension DecoderConfiguration {
  /// The kinds of the mixers, one per layer.
  public var mixers: [Mixer] { layers.map(\.kind) }
  /// Whether every layer mixes by attention, as in a teacher.
  public var isTransformer: Bool { layers.allSatisfy { $0.attention != nil } }
  /// Whether some layer mixes by attention.
  public var hasAttention: Bool { layers.contains { $0.attention != nil } }
  /// Whether layers have a window of attention beside a recurrent part.
  public var hasWindow: Bool { layers.contains { ($0.mixer as? DiscreteMamba2Configuration)?.window != nil } }
  /// Whether attention sees tokens beside a sliding window.
  package var hasSinks: Bool { attentions.contains { $0.window != nil && $0.sinks != nil } }
  /// Single heads of each layer that keep attention in another mixer, counted from 0.
  public var keptHeads: [[Int]] { layers.map { $0.keptHeads?.heads ?? [] } }
  /// Whether there are any.
  public var hasKeptHeads: Bool { layers.contains { $0.keptHeads != nil } }
  /// The geometries of the layers with attention.
  package var attentions: [AttentionConfiguration] { layers.compactMap(\.attention) }

  /// The geometry that all layers with a kind of mixer have, heads that keep attention aside; nil when there are none, or
  /// they differ.
  public func shared<Geometry: MixerGeometry>(_ type: Geometry.Type) -> Geometry? { shared(type.kind) as? Geometry }

  /// The same by the name of the kind.
  func shared(_ kind: Mixer) -> (any MixerGeometry)? {
    let all = layers.filter { $0.kind == kind }.map(\.recurrentMixer)
    guard let first = all.first, all.allSatisfy({ first.equals($0) }) else { return nil }
    return first
  }

  /// The MLP of all layers; nil when there are none, or they differ.
  public var sharedMLP: MLP? {
    guard let first = layers.first?.mlp, layers.allSatisfy({ $0.mlp == first }) else { return nil }
    return first
  }

  /// How all blocks are joined; nil when they differ.
  public var layout: Layout? { blocks?.layout }
  /// Where all blocks have norms; nil when they differ.
  public var normPlaces: NormPlaces? { blocks?.norms }

  private var blocks: (layout: Layout, norms: NormPlaces)? {
    guard let steps = layers.first?.steps, layers.allSatisfy({ $0.steps == steps }) else { return nil }
    for layout in Layout.allCases {
      if let norms = NormPlaces.allCases.first(where: { layout.steps($0) == steps }) { return (layout, norms) }
    }
    return nil
  }

  /// What layers have each for itself and formats describe for all at once, as an end of "cannot hold "; nil when there is
  /// nothing.
  package var unevenLayers: String? {
    let kept = layers.compactMap { $0.keptHeads?.attention }
    return firstDifference([
      ("blocks that differ between layers", layout != nil),
      ("MLPs that differ between layers", sharedMLP != nil || layout == .mixerOnly),
      ("attention that differs between layers", !hasAttention || sharedAttention != nil),
      ("\(KeptHeads.name) of different attentions", kept.allSatisfy { $0 == kept[0] }),
    ])
      ?? Set(mixers).filter { !$0.isAttention && shared($0) == nil }.map {
        "\($0.rawValue) that differs between layers"
      }
      .min()
  }
}

// Changes of many layers at once.
extension DecoderConfiguration {
  /// Changes the geometry of mixers of a kind.
  /// - Parameters:
  ///   - type: of the geometries.
  ///   - isMeant: which layers, by their numbers; those with another mixer stay as they are.
  ///   - change: is told the geometry of each.
  public mutating func change<Geometry: MixerGeometry>(
    _ type: Geometry.Type, where isMeant: (Int) -> Bool = { _ in true }, _ change: (inout Geometry) throws -> Void
  ) rethrows {
    for layer in layers.indices where isMeant(layer) {
      guard var geometry = layers[layer].mixer as? Geometry else { continue }
      try change(&geometry)
      layers[layer].mixer = geometry
    }
  }

  /// Changes the attention of layers.
  public mutating func changeAttention(
    where isMeant: (Int) -> Bool = { _ in true }, _ change: (inout AttentionConfiguration) throws -> Void
  ) rethrows {
    try self.change(AttentionConfiguration.self, where: isMeant, change)
  }

  /// Changes the MLPs of all layers that have one.
  public mutating func changeMLPs(_ change: (inout MLP) throws -> Void) rethrows {
    for layer in layers.indices {
      guard var mlp = layers[layer].mlp else { continue }
      try change(&mlp)
      layers[layer].mlp = mlp
    }
  }

  /// Joins all blocks in another way. All layouts but ``Layout/mixerOnly``, which leaves the MLPs out, need them.
  public mutating func setBlocks(_ layout: Layout, norms: NormPlaces = .before) {
    layers = layers.map { DecoderLayer($0.mixer, mlp: $0.mlp, layout: layout, norms: norms) }
  }
}
