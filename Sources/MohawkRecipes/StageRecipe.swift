/// One training stage: how much, how fast, and what moves, with a warm-up–stable–decay schedule.
public struct StageRecipe: Codable, Sendable, Equatable {
  /// Tokens to train on; the last step is filled up.
  public var tokens: Int
  /// How often the stage goes through its tokens.
  public var passes = 1
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
  /// What moves the matrices of blocks; AdamW moves everything else.
  public var optimizer = MatrixOptimizer.adamW
  /// Decoupled weight decay.
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
  /// Factor on the learning rate of the weights that decide a mixer's decays and step sizes.
  public var decayRate = 1.0
  /// How a layer's distance to its teacher is measured, where the stage compares layers.
  public var distance = LayerDistance.norm
  /// Whether distances are divided by the teacher's size, so that a mixer that puts out nothing has 1.
  public var relative = false
  /// Which columns of a matrix count, where the stage compares matrices.
  public var columns = MatrixColumns.equal
  /// What the logits of teacher and student are divided by, where the stage compares next-token probabilities.
  public var temperature = 1.0
  /// Which divergence of next-token probabilities is made small.
  public var divergence = Divergence.forward
  /// How many of the teacher's most likely tokens are compared one by one, the others as one; `nil` means all.
  public var top: Int?
  /// Share of the loss that is cross-entropy against the text itself, 0 to 1.
  public var labels = 0.0
  /// Share of the sequences, 0 to 1, that are trained on without the student's window; `nil` means half where layers
  /// are compared and a fifth in stage 3.
  public var windowDropout: Double?
  /// Which parameters move.
  public var trains: TrainedPart
  /// Optimiser steps between evaluations; 0 means only at the end of the stage.
  public var evaluateEvery = 0

  /// The other values have the defaults of the paper.
  public init(
    tokens: Int, passes: Int = 1, batchTokens: Int, learningRate: Double, trains: TrainedPart, evaluateEvery: Int = 0
  ) {
    self.tokens = tokens
    self.passes = passes
    self.evaluateEvery = evaluateEvery
    self.batchTokens = batchTokens
    self.learningRate = learningRate
    self.trains = trains
  }

  /// Optimiser steps of one pass: `tokens / batchTokens`, rounded up.
  public var stepsOfPass: Int { batchTokens > 0 && tokens > 0 ? (tokens - 1) / batchTokens + 1 : 0 }

  /// Optimiser steps of all passes.
  public var steps: Int { stepsOfPass * max(1, passes) }

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

/// What moves the matrices of a student's blocks.
public enum MatrixOptimizer: String, Codable, Sendable, CaseIterable {
  /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
  case adamW = "adamw"
  /// Momentum with its singular values made alike (Jordan 2024), in steps as large as AdamW's.
  case muon
}

/// How the distance of a layer's output or matrix from its teacher's is measured.
public enum LayerDistance: String, Codable, Sendable, CaseIterable {
  /// The norm of the difference, of each token or of each matrix (MOHAWK).
  case norm
  /// Its square.
  case squared
}

/// How much the columns of a matrix count in its distance from the teacher's.
public enum MatrixColumns: String, Codable, Sendable, CaseIterable {
  /// All alike (MOHAWK).
  case equal
  /// As much as the teacher's values that they multiply are long.
  case values
}

/// A divergence of the student's next-token probabilities q from the teacher's p.
public enum Divergence: String, Codable, Sendable, CaseIterable {
  /// KL(p ‖ q) up to p's entropy: the cross-entropy against p (MOHAWK).
  case forward
  /// KL(q ‖ p).
  case reverse
  /// The mean of both.
  case mixed
}

/// The parts of a run that train.
public enum StageName: String, Codable, Sendable, CaseIterable, Hashable {
  /// Training of the teacher from scratch.
  case pretraining
  /// Stage 2 on a little text that is repeated, before the others; each layer keeps its best weights.
  case calibration
  /// Stage 1.
  case orientation
  /// Stage 2.
  case alignment
  /// Stage 3.
  case distillation

  /// The stage called `text`: its name, or 1, 2, 3, or stage1, stage2, stage3.
  public init?(text: String) {
    switch text {
    case "1", "stage1": self = .orientation
    case "2", "stage2": self = .alignment
    case "3", "stage3": self = .distillation
    case "pretrain": self = .pretraining
    default: self.init(rawValue: text)
    }
  }

  /// The stage's name in full, as in the paper.
  public var title: String {
    switch self {
    case .pretraining: "Teacher pretraining"
    case .calibration: "Calibration"
    case .orientation: "Matrix orientation"
    case .alignment: "Hidden-state alignment"
    case .distillation: "Knowledge distillation"
    }
  }
}
