import MohawkLayers

extension Mamba2Configuration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "mamba-2")
  public static let title = "Mamba-2"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(heads) heads of \(headDim), \(groups) groups of B and C, state \(stateDim)")]
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Mamba2 {
    Mamba2(self, depth: place.depth, scope)
  }

  /// A norm for each group of B and C, as other tools have it; twice as wide as the model where it stands for a block.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: true, headDim: true)
    let inner = (request.keepsMLPs ? 1 : 2) * request.modelDim
    let attention = request.attention
    let headDim = request.headDim ?? (request.startsFromText && request.keepsMLPs ? attention.headDim : nil)
    let heads = try request.heads(sharing: headDim.map { $0 * (request.vHeads ?? attention.heads) } ?? inner)
    return Self(
      modelDim: request.modelDim, heads: heads.v, headDim: headDim ?? inner / heads.v, groups: heads.qk,
      stateDim: request.stateDim ?? attention.headDim, convWidth: request.convWidth, chunk: request.chunk,
      normGroups: heads.qk, normEpsilon: request.normEpsilon)
  }
}
