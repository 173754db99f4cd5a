/// One training stage: how much, how fast, and what moves. AdamW with a warm-up–stable–decay schedule.
public struct StageRecipe: Codable, Sendable, Equatable {
  /// Tokens to train on; the last step is filled up.
  public var tokens: Int
  /// Tokens per optimiser step. A multiple of `data.sequenceLength`.
  public var batchTokens: Int
  /// Tokens per forward pass, accumulated to `batchTokens`; `nil` means all at once.
  public var microBatchTokens: Int?
  /// Peak learning rate.
  public var learningRate: Double
  /// Learning rate of the last step.
  public var finalLearningRate = 1e-8
  /// Share of the steps that warm up, 0 to 1.
  public var warmup = 0.1
  /// Share of the steps that decay, 0 to 1.
  public var decay = 0.1
  /// AdamW's decoupled weight decay.
  public var weightDecay = 0.1
  /// AdamW's decay of the first moment.
  public var beta1 = 0.9
  /// AdamW's decay of the second moment.
  public var beta2 = 0.95
  /// AdamW's epsilon.
  public var epsilon = 1e-8
  /// Largest gradient norm; larger gradients are scaled down to it. 0 means no clipping.
  public var clip = 1.0
  /// Factor on the learning rate of the weights that the student has taken from its teacher.
  public var copiedRate = 1.0
  /// Which parameters move.
  public var trains: TrainedPart
  /// Optimiser steps between evaluations; 0 means only at the end of the stage.
  public var evaluateEvery = 0

  /// The other values have the defaults of the paper.
  public init(tokens: Int, batchTokens: Int, learningRate: Double, trains: TrainedPart) {
    self.tokens = tokens
    self.batchTokens = batchTokens
    self.learningRate = learningRate
    self.trains = trains
  }

  /// Optimiser steps: `tokens / batchTokens`, rounded up.
  public var steps: Int { batchTokens > 0 && tokens > 0 ? (tokens - 1) / batchTokens + 1 : 0 }

  /// Forward passes per optimiser step.
  public var accumulation: Int { microBatchTokens.map { $0 > 0 ? max(1, batchTokens / $0) : 1 } ?? 1 }

  /// The stage's learning rates.
  public var schedule: WSDSchedule {
    WSDSchedule(steps: steps, peak: learningRate, floor: finalLearningRate, warmup: warmup, decay: decay)
  }
}

/// Which parameters a stage moves.
public enum TrainedPart: String, Codable, Sendable, CaseIterable {
  /// What the mixing matrix depends on: the B, C and decay rows of the input projection, the convolution, D.
  case matrix
  /// The whole mixer.
  case mixer
  /// Every parameter.
  case all
  /// Everything but the mixers that stand for attention, which stay as they start.
  case rest
}

/// The parts of a run that train.
public enum StageName: String, Codable, Sendable, CaseIterable, Hashable {
  /// Training of the teacher from scratch.
  case pretraining
  /// Stage 1.
  case orientation
  /// Stage 2.
  case alignment
  /// Stage 3.
  case distillation

  /// The stage called `text`: its name, or 1, 2, 3.
  public init?(text: String) {
    switch text {
    case "1": self = .orientation
    case "2": self = .alignment
    case "3": self = .distillation
    case "pretrain": self = .pretraining
    default: self.init(rawValue: text)
    }
  }

  /// The stage's name in full, as in the paper.
  public var title: String {
    switch self {
    case .pretraining: "Teacher pretraining"
    case .orientation: "Matrix orientation"
    case .alignment: "Hidden-state alignment"
    case .distillation: "Knowledge distillation"
    }
  }
}
