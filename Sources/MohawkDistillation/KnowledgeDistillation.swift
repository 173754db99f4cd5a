import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Stage 3: the whole student learns the teacher's next-token probabilities (temperature 1, no hard labels, all
/// positions), from the running teacher or from what was kept of it.
public final class KnowledgeDistillation: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.distillation
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let signals: TeacherSignals?
  let evaluation: () throws -> [Metric]

  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, and what moves.
  ///   - signals: what the teacher has said of all sequences, so that it need not run; nil runs it.
  ///   - evaluation: what to measure when an evaluation is due.
  /// - Throws: `MohawkError` when the plan trains a part that this stage does not train.
  public init(
    _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil,
    evaluation: @escaping () throws -> [Metric] = { [] }
  ) throws {
    try plan.requireTrained([.mixer, .all, .rest], in: name)
    self.pair = pair
    self.signals = signals
    self.plan = plan
    self.evaluation = evaluation
  }

  public func begin() throws {
    parameters = try pair.begin(plan.trains)
  }

  public var rates: [Double] { pair.rates(parameters, plan) }

  public var saved: [Parameter] { pair.student.parameters.all }

  public func accumulate(_ tokens: Tensor, share: Double) throws -> StageLoss {
    let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
    let target = try signals.map { .kept(try $0.top(tokens)) } ?? saidNow(ids)
    let normalised = pair.student.normalise(pair.student.hidden(ids))
    return StageLoss(total: VocabularyLoss.backward(pair.student, normalised, to: target, share: share))
  }

  private func saidNow(_ ids: Tensor) -> VocabularyLoss.Target {
    let hidden = withoutGradients {
      pair.teacher.normalise(pair.teacher.hidden(ids)).reshaped(-1, pair.teacher.modelDim)
    }
    return .teacher(pair.teacher, hidden)
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
}
