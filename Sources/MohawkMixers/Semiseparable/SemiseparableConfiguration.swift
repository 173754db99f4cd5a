import MohawkFiles
import MohawkLayers

/// The geometry of a general semiseparable mixer.
public struct SemiseparableConfiguration: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values, of transitions and of the matrix; a multiple of `qkHeads`.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// Heads of queries and keys.
  public var qkHeads: Int
  /// The order N: channels of the state.
  public var stateDim: Int
  /// Planes in which a token rotates the state; ⌈N / 2⌉ reach every rotation.
  public var planes: Int
  /// Width through which decays are projected.
  public var gateRank: Int
  /// What the logarithms of decays are divided by: the larger, the longer a fresh mixer remembers.
  public var gateDivisor: Double
  /// What the norm before the output projection adds to the mean square.
  public var normEpsilon: Double

  /// `heads` must be a multiple of `qkHeads`.
  public init(
    modelDim: Int, heads: Int, headDim: Int, qkHeads: Int? = nil, stateDim: Int, planes: Int = 1, gateRank: Int = 16,
    gateDivisor: Double = 16, normEpsilon: Double = 1e-5
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.qkHeads = qkHeads ?? heads
    self.stateDim = stateDim
    self.planes = planes
    self.gateRank = gateRank
    self.gateDivisor = gateDivisor
    self.normEpsilon = normEpsilon
  }
}

extension SemiseparableConfiguration: ChannelDecayGeometry {
  public static let kind = MixerKind(rawValue: "semiseparable")
  public static let title = "general semiseparable"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(headFacts), rotated in \(planes) \(planes == 1 ? "plane" : "planes") by every token")]
  }

  public var unsupportedFeature: String? {
    if let unsupported = unsupportedSizes([planes, gateRank]) ?? unsupportedDivisor { return unsupported }
    return planes <= 1 << 12 ? nil : "\(planes) planes are more than 4096"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Semiseparable {
    Semiseparable(self, depth: place.depth, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    let shape = try request.keyValueHeads(of: title)
    return Self(
      modelDim: request.modelDim, heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads,
      stateDim: shape.stateDim, normEpsilon: request.normEpsilon)
  }
}
