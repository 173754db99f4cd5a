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

  /// Width of all values together.
  public var innerDim: Int { heads * headDim }
}

extension KimiDeltaConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "kimi-delta")
  public static let title = "Kimi Delta Attention"

  public var facts: [(name: String, value: String)] {
    [
      (
        Self.title,
        "\(heads) heads of \(headDim), \(qkHeads) of queries and keys of \(stateDim), gates of rank \(gateRank)"
      )
    ]
  }

  public var unsupportedFeature: String? {
    let sizes = [modelDim, heads, headDim, qkHeads, stateDim, gateRank]
    guard sizes.allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / headDim, heads <= 1 << 24 / stateDim
    else { return "the sizes \(sizes.map(String.init).joined(separator: ", ")) are not those of a mixer" }
    guard heads.isMultiple(of: qkHeads) else {
      return "\(heads) heads are no multiple of \(qkHeads) heads of queries and keys"
    }
    guard (2...64).contains(convWidth) else { return "\(convWidth) taps are not from 2 to 64" }
    return (0...1).contains(normEpsilon) ? nil : "an epsilon of \(normEpsilon) is not from 0 to 1"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> KimiDelta {
    KimiDelta(self, depth: place.depth, scope)
  }

  /// Heads as the attention has them, so that its projections have a place.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: true)
    let headDim = request.headDim ?? request.attention.headDim
    let heads = try request.heads(sharing: headDim * (request.vHeads ?? request.attention.heads))
    return Self(
      modelDim: request.modelDim, heads: heads.v, headDim: headDim, qkHeads: heads.qk,
      stateDim: request.stateDim ?? request.attention.headDim, convWidth: request.convWidth,
      normEpsilon: request.normEpsilon)
  }
}
