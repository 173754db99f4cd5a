import MohawkLayers
import MohawkMixers

extension DecoderConfiguration {
  /// Rotary positions of some attention layers, where the others have those of `attention`: other wave lengths for layers
  /// with a window, or none at all.
  public struct OtherRotary: Sendable, Equatable {
    /// The layers, all with attention.
    public var layers: Set<Int>
    /// How many of a head's dimensions carry the position; 0 for layers without positions.
    public var dimensions: Int
    /// Base of the wave lengths.
    public var base: Double
    /// How the wave lengths are stretched.
    public var scaling: RotaryScaling

    /// Positions of these layers.
    public init(layers: Set<Int>, dimensions: Int, base: Double = 10_000, scaling: RotaryScaling = .none) {
      self.layers = layers
      self.dimensions = dimensions
      self.base = base
      self.scaling = scaling
    }
  }

  /// The geometry of the attention of one layer.
  public func attention(of layer: Int) -> AttentionConfiguration {
    var result = attention
    if mixers[layer] == .attention { result.window = nil }
    if let otherRotary, otherRotary.layers.contains(layer) { result.take(otherRotary) }
    return result
  }

  /// Says the same of attention in the shortest way: of layers without it nothing is kept, and what holds for all layers
  /// with it becomes `attention`'s.
  public mutating func settleAttention() {
    if !hasAttention { attention = .unused(modelDim: modelDim) }
    guard var other = otherRotary else { return }
    let all = mixers.indices.filter { mixers[$0].isAttention }
    other.layers = other.layers.intersection(all)
    var changed = attention
    changed.take(other)
    if other.layers.count == all.count, !all.isEmpty { attention = changed }
    let isSame = changed == attention
    otherRotary = other.layers.isEmpty || isSame ? nil : other
  }
}

extension AttentionConfiguration {
  /// Becomes one with these rotary positions. Layers without positions keep the wave lengths of the others, which mean
  /// nothing then.
  fileprivate mutating func take(_ other: DecoderConfiguration.OtherRotary) {
    rotaryDim = other.dimensions
    if other.dimensions == 0 { return }
    (rotaryBase, rotaryScaling) = (other.base, other.scaling)
  }
}
