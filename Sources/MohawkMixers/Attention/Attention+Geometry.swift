import MohawkLayers

extension AttentionConfiguration: MixerGeometry {
  /// With a window or without.
  public static let kind = MixerKind.attention
  public static let title = "attention"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(heads) heads of \(headDim), \(kvHeads) of keys")]
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Attention {
    Attention(self, depth: place.depth, on: place.device, scope)
  }

  /// A bias of the output projection does not count: students have one of zeros where their format needs it.
  public func mixesLike(_ other: Self) -> Bool {
    var other = other
    other.outputBias = outputBias
    return self == other
  }
}
