/// The geometry of a Mamba mixer.
public struct MambaConfiguration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Channels of x, each with a state and a matrix of its own.
  public var innerDim: Int
  /// Width of B and C: the size of the state per channel.
  public var stateDim: Int
  /// Numbers per token from which the step sizes of all channels are projected.
  public var timeStepRank: Int
  /// Taps of the causal convolution.
  public var convWidth: Int
  /// Tokens per block when a whole sequence is mixed; changes speed and memory, not results.
  public var block: Int
  /// Whether input and output projection have biases.
  public var projectionBias: Bool
  /// Whether the convolution has biases.
  public var convolutionBias: Bool

  /// By default as in the released models: twice as many channels as the model is wide, and a rank of a sixteenth of
  /// its width, rounded up.
  public init(
    modelDim: Int, innerDim: Int? = nil, stateDim: Int = 16, timeStepRank: Int? = nil, convWidth: Int = 4,
    block: Int = 16, projectionBias: Bool = false, convolutionBias: Bool = true
  ) {
    self.modelDim = modelDim
    self.innerDim = innerDim ?? 2 * modelDim
    self.stateDim = stateDim
    self.timeStepRank = timeStepRank ?? (modelDim + 15) / 16
    self.convWidth = convWidth
    self.block = block
    self.projectionBias = projectionBias
    self.convolutionBias = convolutionBias
  }
}
