import MohawkLayers

extension MambaConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "mamba")
  public static let title = "Mamba"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(innerDim) channels, state \(stateDim), step rank \(timeStepRank)")]
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Mamba { Mamba(self, depth: place.depth, scope) }
}
