import MohawkLayers

extension GatedDeltaNetConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "gated-deltanet")
  public static let title = "Gated DeltaNet"

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(heads) heads of \(headDim), \(qkHeads) of queries and keys of \(stateDim)")]
  }

  public var unsupportedFeature: String? {
    let sizes = [modelDim, heads, headDim, qkHeads, stateDim]
    guard sizes.allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / headDim, qkHeads <= 1 << 24 / stateDim
    else { return "the sizes \(sizes.map(String.init).joined(separator: ", ")) are not those of a mixer" }
    guard heads.isMultiple(of: qkHeads) else {
      return "\(heads) heads are no multiple of \(qkHeads) heads of queries and keys"
    }
    guard (2...64).contains(convWidth), (1...65_536).contains(chunk) else {
      return "\(convWidth) taps and chunks of \(chunk) tokens are not from 2 to 64 and from 1 to 65536"
    }
    return (0...1).contains(normEpsilon) ? nil : "an epsilon of \(normEpsilon) is not from 0 to 1"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> GatedDeltaNet {
    GatedDeltaNet(self, depth: place.depth, scope)
  }

  /// Heads as the attention has them, so that its projections have a place.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: true)
    let headDim = request.headDim ?? request.attention.headDim
    let heads = try request.heads(sharing: headDim * (request.vHeads ?? request.attention.heads))
    return Self(
      modelDim: request.modelDim, heads: heads.v, headDim: headDim, qkHeads: heads.qk,
      stateDim: request.stateDim ?? request.attention.headDim, convWidth: request.convWidth, chunk: request.chunk,
      normEpsilon: request.normEpsilon)
  }
}
