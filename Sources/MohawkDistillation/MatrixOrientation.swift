import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Stage 1: every student mixer learns the teacher's attention matrix of its layer, from the teacher's own input to it.
///
/// The teacher runs once per batch. Each layer's forward and backward pass is done and released before the next one
/// begins, so that memory is one layer's graph.
public final class MatrixOrientation: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.orientation
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let signals: TeacherSignals?
  let evaluation: () throws -> [Metric]
  let finish: () throws -> Void

  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, and what moves.
  ///   - signals: what enters the teacher's layers for all sequences, so that it need not run; nil runs it.
  ///   - evaluation: what to measure now and then, without gradients.
  ///   - finish: called after the last step.
  /// - Throws: `MohawkError` when the numbers of heads differ or the plan trains what the loss does not depend on.
  public init(
    _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil,
    evaluation: @escaping () throws -> [Metric] = { [] },
    finish: @escaping () throws -> Void = {}
  ) throws {
    try pair.requireEqualHeads()
    try plan.requireTrained([.matrix], in: name)
    self.pair = pair
    self.signals = signals
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
    if loss.columns == .equal {
      return try LayerWalk.accumulate(pair, tokens, signals?.input, .matrix, share: share) { mixer, input, target in
        loss.matrices(student: mixer.factoredMatrix(of: input), teacher: target)
      }
    }
    return try LayerWalk.accumulate(pair, tokens, signals?.input, .observedMatrix, share: share) {
      mixer, input, target in
      loss.matrices(
        student: mixer.factoredMatrix(of: input), teacher: MixerMatrix { target.matrix }, lengths: target.lengths)
    }
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
  public func end() throws { try finish() }
}
