import MohawkLayers

/// The geometry of a sliding window of softmax attention, beside the recurrent part of a mixer or as a mixer.
public struct WindowConfiguration: Sendable, Equatable {
  /// How many tokens a token sees, itself included.
  public var tokens: Int
  /// How many of the first tokens of a text every token sees beside those.
  public var sinks: Int
  /// Heads of the keys; the mixer's heads are a multiple.
  public var kvHeads: Int
  /// Width of a head of queries and keys.
  public var headDim: Int
  /// How many of a head's dimensions carry the rotary position.
  public var rotaryDim: Int
  /// Base of the rotary wave lengths.
  public var rotaryBase: Double
  /// How the rotary wave lengths are stretched.
  public var rotaryScaling: RotaryScaling
  /// Whether the projections to queries and keys have biases.
  public var bias: Bool
  /// What the products of queries and keys are multiplied by; nil means 1/√headDim.
  public var scale: Double?
  /// Epsilon of the RMSNorms over each head's queries and keys, before they are rotated; nil when there are none.
  public var headNormEpsilon: Double?

  /// `tokens` and `kvHeads` must be at least 1, `sinks` at least 0, and `rotaryDim` even.
  public init(
    tokens: Int, sinks: Int = 4, kvHeads: Int, headDim: Int, rotaryDim: Int, rotaryBase: Double = 10_000,
    rotaryScaling: RotaryScaling = .none, bias: Bool = false, scale: Double? = nil
  ) {
    self.tokens = tokens
    self.sinks = sinks
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.rotaryDim = rotaryDim
    self.rotaryBase = rotaryBase
    self.rotaryScaling = rotaryScaling
    self.bias = bias
    self.scale = scale
  }

  /// A window that has the queries and keys of an attention.
  public init(tokens: Int, sinks: Int, like attention: AttentionConfiguration) {
    self.init(
      tokens: tokens, sinks: sinks, kvHeads: attention.kvHeads, headDim: attention.headDim,
      rotaryDim: attention.rotaryDim, rotaryBase: attention.rotaryBase, rotaryScaling: attention.rotaryScaling,
      bias: attention.bias, scale: attention.scale)
    headNormEpsilon = attention.headNormEpsilon
  }

  /// What the products of queries and keys are multiplied by.
  public var resolvedScale: Double { scale ?? 1 / Double(headDim).squareRoot() }
  /// Tokens whose keys and values are remembered.
  package var rows: Int { sinks + tokens }
  /// What it is, for tables.
  var words: String {
    "\(tokens) tokens and the first \(sinks), \(kvHeads) heads of keys of \(headDim), rotary positions on \(rotaryDim)"
  }
}
