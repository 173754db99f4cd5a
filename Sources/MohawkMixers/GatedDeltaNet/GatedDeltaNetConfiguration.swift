/// The geometry of a Gated DeltaNet mixer.
public struct GatedDeltaNetConfiguration: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values, of decays and of the matrix; a multiple of `qkHeads`.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// Heads of queries and keys.
  public var qkHeads: Int
  /// Width of a head of queries and keys: the size of the state per channel.
  public var stateDim: Int
  /// Taps of the causal convolutions.
  public var convWidth: Int
  /// Tokens per chunk when a whole sequence is mixed; changes speed, not results.
  public var chunk: Int
  /// What the norm before the output projection adds to the mean square.
  public var normEpsilon: Double

  /// `heads` must be a multiple of `qkHeads`.
  public init(
    modelDim: Int, heads: Int, headDim: Int, qkHeads: Int? = nil, stateDim: Int, convWidth: Int = 4, chunk: Int = 64,
    normEpsilon: Double = 1e-6
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.qkHeads = qkHeads ?? heads
    self.stateDim = stateDim
    self.convWidth = convWidth
    self.chunk = chunk
    self.normEpsilon = normEpsilon
  }
}
