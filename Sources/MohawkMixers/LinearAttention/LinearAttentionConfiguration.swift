import MohawkLayers

/// The geometry of causal linear attention with a feature map.
public struct LinearAttentionConfiguration<Map: FeatureMap>: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values and of the matrix; a multiple of `qkHeads`.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// Heads of queries and keys.
  public var qkHeads: Int
  /// Width of a head of queries and keys, before the map.
  public var stateDim: Int
  /// How many of a head's dimensions carry the rotary position.
  public var rotaryDim: Int
  /// Base of the rotary wave lengths.
  public var rotaryBase: Double
  /// Tokens per chunk when a whole sequence is mixed; changes speed, not results.
  public var chunk: Int
  /// What the norm before the output projection, where there is one, adds to the mean square.
  public var normEpsilon: Double

  /// `heads` must be a multiple of `qkHeads`, and `rotaryDim` even.
  public init(
    modelDim: Int, heads: Int, headDim: Int, qkHeads: Int? = nil, stateDim: Int, rotaryDim: Int = 0,
    rotaryBase: Double = 10_000, chunk: Int = 64, normEpsilon: Double = 1e-5
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.qkHeads = qkHeads ?? heads
    self.stateDim = stateDim
    self.rotaryDim = rotaryDim
    self.rotaryBase = rotaryBase
    self.chunk = chunk
    self.normEpsilon = normEpsilon
  }

  /// Features of a head of queries or keys: the size of the state per channel.
  public var features: Int { Map.features(of: stateDim) }
}

extension LinearAttentionConfiguration: KeyValueGeometry {
  public static var kind: MixerKind { Map.kind }
  public static var title: String { Map.title }
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, headFacts + (rotaryDim > 0 ? ", rotary on \(rotaryDim)" : ""))]
  }

  public var unsupportedFeature: String? {
    if let unsupported = unsupportedSizes() { return unsupported }
    guard (0...stateDim).contains(rotaryDim), rotaryDim.isMultiple(of: 2), (1...1e12).contains(rotaryBase) else {
      return "\(rotaryDim) rotary dimensions of \(stateDim) with base \(rotaryBase) are no even part of a head"
    }
    return (1...65_536).contains(chunk) ? nil : "chunks of \(chunk) tokens are not from 1 to 65536"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> LinearAttention<Map> {
    LinearAttention(self, depth: place.depth, scope)
  }

  /// Rotary positions are the attention's too.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    let shape = try request.keyValueHeads(of: title)
    return Self(
      modelDim: request.modelDim, heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads,
      stateDim: shape.stateDim, rotaryDim: min(request.attention.rotaryDim, shape.stateDim / 2 * 2),
      rotaryBase: request.attention.rotaryBase, chunk: request.chunk, normEpsilon: request.normEpsilon)
  }
}
