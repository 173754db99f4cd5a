import MohawkLayers

extension GatedDeltaNetConfiguration: KeyValueGeometry {
  public static let kind = MixerKind(rawValue: "gated-deltanet")
  public static let title = "Gated DeltaNet"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, headFacts)]
  }

  public var unsupportedFeature: String? {
    if let unsupported = unsupportedSizes() { return unsupported }
    return (2...64).contains(convWidth) && (1...65_536).contains(chunk)
      ? nil : "\(convWidth) taps and chunks of \(chunk) tokens are not from 2 to 64 and from 1 to 65536"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> GatedDeltaNet {
    GatedDeltaNet(self, depth: place.depth, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    let shape = try request.keyValueHeads(of: title)
    return Self(
      modelDim: request.modelDim, heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads,
      stateDim: shape.stateDim, convWidth: request.convWidth, chunk: request.chunk, normEpsilon: request.normEpsilon)
  }
}
