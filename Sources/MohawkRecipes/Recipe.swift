/// What a run is, as a value: data, teacher, student, stages, seed and machine.
///
/// The resolved recipe is saved with the run; together with the data it decides every number that the run produces.
public struct Recipe: Codable, Sendable, Equatable {
  /// The run's name, shown in reports.
  public var name = "custom"
  /// Seed of data order, initial weights and sampling.
  public var seed: UInt64 = 1
  /// CPU threads; `nil` means all cores.
  public var threads: Int?
  /// `cpu`, `cuda` or `cuda:` and a device number.
  public var device = "cpu"
  /// The type in which layers compute; master weights are always fp32.
  public var precision = Precision.float32
  /// What is read, and in what lengths.
  public var data = DataRecipe()
  /// Folder of a Hugging Face checkpoint; `nil` means that a teacher of the shape `model` is pretrained first.
  public var teacher: String?
  /// Shape of the teacher that is pretrained when `teacher` is `nil`.
  public var model = ModelRecipe()
  /// Shape and start of the student's mixers.
  public var student = StudentRecipe()
  /// The distillation stages to run, in this order.
  public var stages: [StageName] = [.orientation, .alignment, .distillation]
  /// Folder of teacher signals that `mohawk signals` wrote, from which the stages learn whose part it holds; `nil` means
  /// that the teacher runs in every step.
  public var signals: String?
  /// Training of the teacher; unused when `teacher` is given.
  public var pretraining = StageRecipe(
    tokens: 1_000_000, batchTokens: 4096, learningRate: 1e-3, trains: .all, loss: .nextToken)
  /// Calibration: each mixer's output approaches that of the attention it replaces, on a little text that is repeated.
  public var calibration = StageRecipe(
    tokens: 8192, passes: 20, batchTokens: 512, learningRate: 1e-3, trains: .mixer, loss: .hiddenStateAlignment,
    evaluateEvery: 50)
  /// Stage 1, matrix orientation: the student's mixing matrices approach the teacher's.
  public var orientation = StageRecipe(
    tokens: 1_000_000, batchTokens: 4096, learningRate: 5e-4, trains: .matrix, loss: .matrixOrientation)
  /// Stage 2, hidden-state alignment: each mixer's output approaches that of the attention it replaces.
  public var alignment = StageRecipe(
    tokens: 1_000_000, batchTokens: 4096, learningRate: 2e-3, trains: .mixer, loss: .hiddenStateAlignment)
  /// Stage 3, knowledge distillation: the student's next-token distribution approaches the teacher's.
  public var distillation = StageRecipe(
    tokens: 1_000_000, batchTokens: 4096, learningRate: 2e-4, trains: .all, loss: .knowledgeDistillation)
  /// What is put through the same distillation beside the student, to show between what its numbers lie.
  public var frames: [StudentFrame] = []
  /// How often the run is saved.
  public var checkpoints = CheckpointRecipe()
  /// How much text an evaluation reads.
  public var evaluation = EvaluationRecipe()

  /// The defaults: a small teacher is pretrained on the built-in stories and then distilled.
  public init() {}
}

/// The type in which layers compute.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// Four bytes, 24 bits of mantissa.
  case float32 = "fp32"
  /// Two bytes, 8 bits of mantissa and the range of fp32.
  case bfloat16 = "bf16"
}

extension Recipe {
  /// The settings of one stage.
  public subscript(stage: StageName) -> StageRecipe {
    get {
      switch stage {
      case .pretraining: pretraining
      case .calibration: calibration
      case .orientation: orientation
      case .alignment: alignment
      case .distillation: distillation
      }
    }
    set {
      switch stage {
      case .pretraining: pretraining = newValue
      case .calibration: calibration = newValue
      case .orientation: orientation = newValue
      case .alignment: alignment = newValue
      case .distillation: distillation = newValue
      }
    }
  }

  /// Everything that trains, in order: pretraining first when no teacher is given, then `stages`.
  public var trainingStages: [StageName] { teacher == nil ? [.pretraining] + stages : stages }

  /// The samples of the seeded order of sequences that a distillation stage of `stages` trains on: every stage goes on
  /// where the one before it stopped, the first one behind `data.skip`.
  public func samples(of stage: StageName) -> Range<Int> {
    func count(_ stage: StageName) -> Int { self[stage].stepsOfPass * (self[stage].batchTokens / data.sequenceLength) }
    let before = stages.prefix { $0 != stage }.reduce(data.skip) { $0 + count($1) }
    return before..<before + count(stage)
  }
}
