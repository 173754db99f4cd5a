/// One optimiser step.
public struct StepRecord: Sendable, Equatable {
  /// The stage that trains.
  public var stage: StageName
  /// Step of the run, counted from 1.
  public var step: Int
  /// Step of the stage, counted from 1.
  public var stageStep: Int
  /// Steps that the stage has.
  public var stageSteps: Int
  /// Tokens trained on in this stage so far.
  public var tokens: Int
  /// The stage's loss, mean over the batch; may be NaN.
  public var loss: Double
  /// The loss of each layer, where the stage has one per layer.
  public var perLayer: [Double]?
  /// The learning rate of this step.
  public var learningRate: Double
  /// Norm of all gradients before clipping.
  public var gradientNorm: Double
  /// Speed over the last steps.
  public var tokensPerSecond: Double
  /// Seconds that this step took.
  public var seconds: Double
  /// Resident memory of the process, or memory in use on the accelerator, in MiB.
  public var memoryMiB: Double
  /// The most that `memoryMiB` has been.
  public var peakMemoryMiB: Double
  /// Estimated seconds to the end of the run.
  public var eta: Double

  /// One argument per property.
  public init(
    stage: StageName, step: Int, stageStep: Int, stageSteps: Int, tokens: Int, loss: Double,
    perLayer: [Double]? = nil, learningRate: Double, gradientNorm: Double = 0, tokensPerSecond: Double = 0,
    seconds: Double = 0, memoryMiB: Double = 0, peakMemoryMiB: Double = 0, eta: Double = 0
  ) {
    self.stage = stage
    self.step = step
    self.stageStep = stageStep
    self.stageSteps = stageSteps
    self.tokens = tokens
    self.loss = loss
    self.perLayer = perLayer
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.tokensPerSecond = tokensPerSecond
    self.seconds = seconds
    self.memoryMiB = memoryMiB
    self.peakMemoryMiB = peakMemoryMiB
    self.eta = eta
  }
}

/// The outcome of one evaluation.
public struct EvaluationRecord: Codable, Sendable, Equatable {
  /// The stage that trains.
  public var stage: StageName
  /// Step of the run, counted from 1.
  public var step: Int
  /// Step of the stage, counted from 1.
  public var stageStep: Int
  /// What was measured, in the order in which it is shown.
  public var values: [Metric]

  /// One argument per property.
  public init(stage: StageName, step: Int, stageStep: Int, values: [Metric]) {
    self.stage = stage
    self.step = step
    self.stageStep = stageStep
    self.values = values
  }

  /// The value called `name`.
  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
}

/// A named number; may be NaN.
public struct Metric: Sendable, Equatable {
  /// Words such as `perplexity` or `agreement`.
  public var name: String
  /// What was measured.
  public var value: Double

  /// A value under its name.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
