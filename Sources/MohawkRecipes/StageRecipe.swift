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
  /// Whether the backward pass computes every layer of the whole model a second time, instead of keeping what all layers
  /// have computed. The results are the same, for less memory and one forward pass more.
  public var activationCheckpointing = false
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
  /// Whether each layer's gradients are clipped by their own norm, in the stages that compare layers. Layers then do not
  /// depend on each other, and processes can divide them.
  public var clipPerLayer = false
  /// Factor on the learning rate of the weights that the student has taken from its teacher.
  public var copiedRate = 1.0
  /// Factor on the learning rate of the weights that decide a mixer's decays and step sizes.
  public var decayRate = 1.0
  /// What is compared with the teacher, and how.
  public var loss: LossRecipe
  /// Share of the sequences, 0 to 1, that are trained on without the student's window; `nil` means half where
  /// single layers are compared and a fifth where whole models are.
  public var windowDropout: Double?
  /// Which parameters move.
  public var trains: TrainedPart
  /// Optimiser steps between evaluations; 0 means only at the end of the stage.
  public var evaluateEvery = 0

  /// The other values have the defaults of the paper.
  public init(
    tokens: Int, passes: Int = 1, batchTokens: Int, learningRate: Double, trains: TrainedPart,
    loss: LossRecipe = .knowledgeDistillation, evaluateEvery: Int = 0
  ) {
    self.tokens = tokens
    self.passes = passes
    self.evaluateEvery = evaluateEvery
    self.batchTokens = batchTokens
    self.learningRate = learningRate
    self.trains = trains
    self.loss = loss
  }

  /// Optimiser steps of one pass: `tokens / batchTokens`, rounded up.
  public var stepsOfPass: Int { batchTokens > 0 && tokens > 0 ? (tokens - 1) / batchTokens + 1 : 0 }

  /// Optimiser steps of all passes.
  public var steps: Int { stepsOfPass * max(1, passes) }

  /// Forward passes per optimiser step.
  public var accumulation: Int { microBatchTokens.map { $0 > 0 ? max(1, batchTokens / $0) : 1 } ?? 1 }

  /// Whether activation checkpointing is left to be switched on: where whole models are trained.
  public func canCheckpointActivations(in stage: StageName) -> Bool {
    !activationCheckpointing && stage != .calibration && !loss.isOfSingleLayers
  }

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
