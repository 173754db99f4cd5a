import MohawkLayers

/// The geometry of a gated linear attention mixer.
public struct GatedLinearConfiguration: Codable, Sendable, Equatable {
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
  /// Width through which decays are projected.
  public var gateRank: Int
  /// What the logarithms of decays are divided by: the larger, the longer a fresh mixer remembers.
  public var gateDivisor: Double
  /// What the norm before the output projection adds to the mean square.
  public var normEpsilon: Double

  /// `heads` must be a multiple of `qkHeads`. Rank and divisor are the paper's.
  public init(
    modelDim: Int, heads: Int, headDim: Int, qkHeads: Int? = nil, stateDim: Int, gateRank: Int = 16,
    gateDivisor: Double = 16, normEpsilon: Double = 1e-5
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.qkHeads = qkHeads ?? heads
    self.stateDim = stateDim
    self.gateRank = gateRank
    self.gateDivisor = gateDivisor
    self.normEpsilon = normEpsilon
  }
}

extension GatedLinearConfiguration: ChannelDecayGeometry {
  public static let kind = MixerKind(rawValue: "gated-linear-attention")
  public static let title = "gated linear attention"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(headFacts), decays of rank \(gateRank)")]
  }

  public var unsupportedFeature: String? {
    unsupportedSizes([gateRank]) ?? unsupportedDivisor
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> GatedLinear {
    GatedLinear(self, depth: place.depth, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    let shape = try request.keyValueHeads(of: title)
    return Self(
      modelDim: request.modelDim, heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads,
      stateDim: shape.stateDim, normEpsilon: request.normEpsilon)
  }
}
