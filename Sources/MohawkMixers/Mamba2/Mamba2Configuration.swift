/// The geometry of a Mamba-2 mixer.
public struct Mamba2Configuration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of x, of the step size and of the matrix; a multiple of `groups`.
  public var heads: Int
  /// Width of one head of x: rows of its state.
  public var headDim: Int
  /// Groups of heads that share B and C.
  public var groups: Int
  /// Width of B and C per group: the size of the state per channel.
  public var stateDim: Int
  /// Taps of the causal convolution.
  public var convWidth: Int
  /// Tokens per chunk when a whole sequence is mixed; changes speed, not results.
  public var chunk: Int
  /// Groups of channels that the norm before the output projection treats on their own; nil when there is no norm.
  ///
  /// The released code has as many as `groups`; some ports have 1. With one group of B and C that is the same.
  public var normGroups: Int?
  /// What that norm adds to the mean square.
  public var normEpsilon: Double
  /// Whether input and output projection have biases.
  public var projectionBias: Bool
  /// Whether the convolution has biases.
  public var convolutionBias: Bool
  /// What step sizes are limited to, after softplus.
  public var timeStepLimit: ClosedRange<Double>

  /// `heads` must be a multiple of `groups`, and `heads` times `headDim` one of `normGroups`.
  public init(
    modelDim: Int, heads: Int, headDim: Int, groups: Int = 1, stateDim: Int, convWidth: Int = 4, chunk: Int = 64,
    normGroups: Int? = 1, normEpsilon: Double = 1e-5, projectionBias: Bool = false, convolutionBias: Bool = true,
    timeStepLimit: ClosedRange<Double> = 0...Double.infinity
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.groups = groups
    self.stateDim = stateDim
    self.convWidth = convWidth
    self.chunk = chunk
    self.normGroups = normGroups
    self.normEpsilon = normEpsilon
    self.projectionBias = projectionBias
    self.convolutionBias = convolutionBias
    self.timeStepLimit = timeStepLimit
  }

  /// Width of x and of the gate.
  public var innerDim: Int { heads * headDim }
  /// Rows of B and C together.
  public var bcDim: Int { 2 * groups * stateDim }
}
