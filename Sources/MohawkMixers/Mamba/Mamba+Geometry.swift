import MohawkFiles
import MohawkLayers

extension MambaConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "mamba")
  public static let title = "Mamba"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(innerDim) channels, state \(stateDim), step rank \(timeStepRank)")]
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Mamba { Mamba(self, depth: place.depth, scope) }

  /// As many channels as the attention has values of all heads, the published state of 16 unless the recipe names one;
  /// twice as wide as the model where it stands for a block. B and C are one for all channels, so that there are no heads
  /// to choose.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: true, headDim: false)
    for (key, value) in [("student.qkHeads", request.qkHeads), ("student.vHeads", request.vHeads)] where value != nil {
      throw MohawkError(
        .invalidValue, "\(title) has a matrix for each channel and no heads", at: key, remedy: "leave \(key) out")
    }
    let attention = request.attention
    return Self(
      modelDim: request.modelDim,
      innerDim: request.keepsMLPs ? attention.heads * attention.headDim : 2 * request.modelDim,
      stateDim: request.stateDim ?? 16, convWidth: request.convWidth)
  }
}
