import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Stage 2: every student mixer learns the teacher's attention output of its layer, from the teacher's own input to it.
///
/// Works layer by layer as stage 1 does.
public final class HiddenStateAlignment: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.alignment
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let signals: TeacherSignals?
  let dropout: WindowDropout
  let evaluation: () throws -> [Metric]
  let finish: () throws -> Void

  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, and what moves.
  ///   - signals: what enters the teacher's layers for all sequences, so that it need not run; nil runs it.
  ///   - seed: of the run: it decides which sequences are seen without window.
  ///   - evaluation: what to measure when an evaluation is due.
  ///   - finish: called after the last step.
  /// - Throws: `MohawkError` when the plan trains what the loss does not depend on.
  public init(
    _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil, seed: UInt64 = 0,
    evaluation: @escaping () throws -> [Metric] = { [] }, finish: @escaping () throws -> Void = {}
  ) throws {
    try plan.requireTrained([.matrix, .mixer], in: name)
    self.pair = pair
    self.signals = signals
    dropout = WindowDropout(seed: seed, share: plan.windowDropout ?? 0.5)
    self.plan = plan
    self.evaluation = evaluation
    self.finish = finish
  }

  public func begin() throws {
    parameters = try pair.begin(plan.trains)
  }

  public var rates: [Double] { pair.rates(parameters, plan) }
  public var blocks: [Int] { pair.blocks(parameters) }

  public var saved: [Parameter] { pair.student.parameters.all }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let tokens = batch.tokens
    let loss = LayerLoss(plan)
    return try LayerWalk.accumulate(
      pair, tokens, signals?.input, .output, dropout: dropout, share: share
    ) { mixer, input, target in
      loss.outputs(student: mixer(input), teacher: target)
    }
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
  public func end() throws { try finish() }
}
