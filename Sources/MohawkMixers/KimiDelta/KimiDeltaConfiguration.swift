import MohawkLayers

/// The geometry of a Kimi Delta Attention mixer.
public struct KimiDeltaConfiguration: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values, of decays and of the matrix; a multiple of `qkHeads`.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// Heads of queries and keys.
  public var qkHeads: Int
  /// Width of a head of queries and keys: channels of the state, each with its own decay.
  public var stateDim: Int
  /// Width through which decays and gate are projected.
  public var gateRank: Int
  /// Taps of the causal convolutions.
  public var convWidth: Int
  /// What the norm before the output projection adds to the mean square.
  public var normEpsilon: Double

  /// `heads` must be a multiple of `qkHeads`; a rank of nil is the width of a head of values.
  public init(
    modelDim: Int, heads: Int, headDim: Int, qkHeads: Int? = nil, stateDim: Int, gateRank: Int? = nil,
    convWidth: Int = 4, normEpsilon: Double = 1e-5
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.qkHeads = qkHeads ?? heads
    self.stateDim = stateDim
    self.gateRank = gateRank ?? headDim
    self.convWidth = convWidth
    self.normEpsilon = normEpsilon
  }
}

extension KimiDeltaConfiguration: KeyValueGeometry {
  public static let kind = MixerKind(rawValue: "kimi-delta")
  public static let title = "Kimi Delta Attention"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(headFacts), gates of rank \(gateRank)")]
  }

  public var unsupportedFeature: String? {
    if let unsupported = unsupportedSizes([gateRank]) { return unsupported }
    return (2...64).contains(convWidth) ? nil : "\(convWidth) taps are not from 2 to 64"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> KimiDelta {
    KimiDelta(self, depth: place.depth, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    let shape = try request.keyValueHeads(of: title)
    return Self(
      modelDim: request.modelDim, heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads,
      stateDim: shape.stateDim, convWidth: request.convWidth, normEpsilon: request.normEpsilon)
  }
}
