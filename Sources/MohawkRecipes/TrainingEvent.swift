/// What a run reports. Progress lines, metric files and plots are listeners to these.
///
/// Steps are optimiser steps, counted from 1 over the whole run (`step`) or within the stage (`stageStep`).
public enum TrainingEvent: Sendable, Equatable {
  /// The run begins, or goes on.
  case started(RunInfo)
  /// The stage begins after `step` steps of the run; it has `steps` steps over `tokens` tokens.
  case stageStarted(StageName, step: Int, steps: Int, tokens: Int)
  /// An optimiser step is done.
  case step(StepRecord)
  /// An evaluation is done.
  case evaluated(EvaluationRecord)
  /// A checkpoint after `step` steps is on disk at `path`.
  case checkpointed(path: String, step: Int)
  /// The stage took `seconds` in training for `tokens` tokens and ended with the run's step `step`.
  case stageEnded(StageName, step: Int, seconds: Double, tokens: Int)
  /// All stages are over.
  case ended

  /// The run's step at which this happened; `nil` for the start and the end of the run.
  public var step: Int? {
    switch self {
    case .started, .ended: nil
    case .stageStarted(_, let step, _, _): step
    case .step(let record): record.step
    case .evaluated(let record): record.step
    case .checkpointed(_, let step): step
    case .stageEnded(_, let step, _, _): step
    }
  }
}

/// Receives the events of a run in order, on the thread that trains.
///
/// An error thrown here stops the run.
public protocol TrainingListener: AnyObject {
  /// Takes the next event.
  func receive(_ event: TrainingEvent) throws
}

/// What a run is about to do.
public struct RunInfo: Codable, Sendable, Equatable {
  /// The recipe's name.
  public var name: String
  /// The recipe's fingerprint.
  public var fingerprint: String
  /// Such as `cpu` or `cuda:0`.
  public var device: String
  /// CPU threads in use.
  public var threads: Int
  /// What will train, in order.
  public var stages: [StageInfo]

  /// The size of one stage.
  public struct StageInfo: Codable, Sendable, Equatable {
    /// The stage.
    public var name: StageName
    /// Optimiser steps.
    public var steps: Int
    /// Tokens to train on.
    public var tokens: Int

    /// The size of one stage.
    public init(name: StageName, steps: Int, tokens: Int) {
      self.name = name
      self.steps = steps
      self.tokens = tokens
    }
  }

  /// One argument per property.
  public init(name: String, fingerprint: String, device: String, threads: Int, stages: [StageInfo]) {
    self.name = name
    self.fingerprint = fingerprint
    self.device = device
    self.threads = threads
    self.stages = stages
  }

  /// What `recipe` is about to do.
  public init(_ recipe: Recipe, threads: Int) {
    self.init(
      name: recipe.name, fingerprint: recipe.fingerprint, device: recipe.device, threads: threads,
      stages: recipe.trainingStages.map {
        StageInfo(name: $0, steps: recipe[$0].steps, tokens: recipe[$0].steps * recipe[$0].batchTokens)
      })
  }
}
