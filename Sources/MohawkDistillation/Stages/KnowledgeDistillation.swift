import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Stage 3: the whole student learns the teacher's next-token probabilities at all positions, from the running teacher or
/// from what was kept of it. The paper's loss is their cross-entropy at temperature 1 without hard labels; the plan may say
/// otherwise.
public final class KnowledgeDistillation: TrainingStage {
  /// The stage of the recipe.
  public let name: StageName
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let signals: TeacherSignals?
  let dropout: WindowDropout
  let evaluation: () throws -> [Metric]

  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, and what moves.
  ///   - name: which stage of the recipe it is.
  ///   - signals: what the teacher has said of all sequences, so that it need not run; nil runs it.
  ///   - seed: of the run: it decides which sequences are seen without window.
  ///   - evaluation: what to measure when an evaluation is due.
  /// - Throws: `MohawkError` when the plan's loss is another one or contradicts itself, or its parameters would not learn.
  public init(
    _ pair: DistillationPair, _ plan: StageRecipe, as name: StageName = .distillation, signals: TeacherSignals? = nil,
    seed: UInt64 = 0,
    evaluation: @escaping () throws -> [Metric] = { [] }
  ) throws {
    try plan.requireLoss(comparing: [.logits], in: name)
    let loss = plan.loss
    if let signals, loss.temperature != 1 || loss.divergence != .forward || loss.top != nil {
      throw MohawkError(
        .mismatch, "signals hold probabilities at temperature 1 for the forward divergence, with a top of their own",
        at: signals.folder,
        remedy: "leave out temperature, divergence and top of stage \(name.rawValue), or run without signals")
    }
    self.name = name
    self.pair = pair
    self.signals = signals
    dropout = WindowDropout(seed: seed, share: plan.windowDropout ?? 0.2)
    self.plan = plan
    self.evaluation = evaluation
  }

  public func begin() throws {
    parameters = try pair.begin(plan.trains)
  }

  public var rates: [Double] { pair.rates(parameters, plan) }
  public var blocks: [Int] { pair.blocks(parameters) }

  public var saved: [Parameter] { pair.student.parameters.all }

  public var takesLossMask: Bool { true }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let tokens = batch.tokens
    let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
    var terms: [VocabularyLoss.Term] = []
    let loss = plan.loss
    if loss.labels < 1 {
      let target = try signals.map { .kept(batch.counted(try $0.top(tokens))) } ?? runningTeacherTarget(batch, ids)
      terms.append(
        .init(
          target: target, weight: 1 - loss.labels, temperature: loss.temperature, divergence: loss.divergence))
    }
    if loss.labels > 0 {
      let next = batch.counted(tokens.narrowed(1, from: 1, length: tokens.size(1) - 1).reshaped(-1))
      terms.append(.init(target: .tokens(next), weight: loss.labels))
    }
    return pair.student.dropping(dropout, for: tokens) {
      let hidden = pair.student.hidden(ids, recomputing: plan.activationCheckpointing)
      let normalised = batch.counted(pair.student.normalise(hidden).reshaped(-1, pair.student.modelDim))
      return StageLoss(total: VocabularyLoss.backward(pair.student, normalised, to: terms, share: share))
    }
  }

  private func runningTeacherTarget(_ batch: TrainingBatch, _ ids: Tensor) -> VocabularyLoss.Target {
    if let top = plan.loss.top {
      let count = min(top, pair.teacher.vocabulary)
      return .kept(
        batch.counted(SignalPass.top(pair.teacher, batch.tokens, count: count, temperature: plan.loss.temperature)))
    }
    let hidden = withoutGradients {
      batch.counted(pair.teacher.normalise(pair.teacher.hidden(ids)).reshaped(-1, pair.teacher.modelDim))
    }
    return .teacher(pair.teacher, hidden)
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
}
