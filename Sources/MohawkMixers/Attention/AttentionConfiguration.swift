import MohawkLayers

/// The geometry of a causal attention mixer.
public struct AttentionConfiguration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of the queries and of the matrix.
  public var heads: Int
  /// Heads of keys and values; `heads` is a multiple.
  public var kvHeads: Int
  /// Width of one head; `heads · headDim` need not be `modelDim`.
  public var headDim: Int
  /// How many of a head's dimensions carry the rotary position.
  public var rotaryDim: Int
  /// Base of the rotary wave lengths.
  public var rotaryBase: Double
  /// How the rotary wave lengths are stretched.
  public var rotaryScaling = RotaryScaling.none
  /// Positions that the rotary embedding knows.
  public var maxLength: Int
  /// Whether the projections to queries, keys and values have biases.
  public var bias: Bool
  /// Whether the output projection has a bias.
  public var outputBias: Bool
  /// Epsilon of the RMSNorms over each head's queries and keys, before they are rotated; nil when there are none.
  public var headNormEpsilon: Double?
  /// Whether these norms are over all queries and all keys of a token together, and not over each head.
  public var normsAcrossHeads = false
  /// What bounds the scores, softly: a score s becomes c · tanh(s / c); nil when scores stay as they are.
  public var scoreCap: Double?
  /// How many tokens a token sees, itself included; nil when all before it.
  public var window: Int?
  /// How many of the first tokens all tokens see beside their window; nil when none. Without a window it changes nothing.
  public var sinks: Int?
  /// What the products of queries and keys are multiplied by; nil means 1/√headDim.
  public var scale: Double?

  /// `heads` must be a multiple of `kvHeads`, and `rotaryDim` even. The output has a bias when `bias` says so.
  public init(
    modelDim: Int, heads: Int, kvHeads: Int, headDim: Int, rotaryDim: Int, rotaryBase: Double = 10_000, maxLength: Int,
    bias: Bool
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.rotaryDim = rotaryDim
    self.rotaryBase = rotaryBase
    self.maxLength = maxLength
    self.bias = bias
    outputBias = bias
  }

  /// Width of all queries together.
  public var width: Int { heads * headDim }
  /// Width of all keys together.
  public var kvWidth: Int { kvHeads * headDim }
  /// What the products of queries and keys are multiplied by.
  public var resolvedScale: Double { scale ?? 1 / Double(headDim).squareRoot() }
}
