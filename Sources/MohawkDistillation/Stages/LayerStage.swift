import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// A stage that compares layers one by one, each from the teacher's own input to it, by the plan's loss: stage 1 compares
/// the mixers' matrices, stage 2 their outputs.
///
/// The teacher runs once per batch. Each layer's forward and backward pass is done and released before the next one
/// begins, so that memory is one layer's graph.
public final class LayerStage: TrainingStage {
  /// The stage of the recipe.
  public let name: StageName
  /// How much, how fast, what moves, and what is compared.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let inputs: LayerWalk.LayerInputs?
  let dropout: WindowDropout
  let evaluation: () throws -> [Metric]
  let finish: () throws -> Void

  /// - Parameters:
  ///   - name: which stage of the recipe it is.
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, what moves, and what is compared.
  ///   - signals: what enters the teacher's layers for all sequences, so that it need not run; nil runs it.
  ///   - seed: of the run: it decides which sequences are seen without window.
  ///   - evaluation: what to measure now and then, without gradients.
  ///   - finish: called after the last step.
  /// - Throws: `MohawkError` when the loss is not one of single layers or contradicts itself, when the numbers of heads
  ///   differ where matrices are compared, or when the plan trains what the loss does not depend on.
  public convenience init(
    _ name: StageName, _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil, seed: UInt64 = 0,
    evaluation: @escaping () throws -> [Metric] = { [] }, finish: @escaping () throws -> Void = {}
  ) throws {
    try self.init(
      name, pair, plan, inputs: signals?.input, seed: seed, evaluation: evaluation, finish: finish)
  }

  init(
    _ name: StageName, _ pair: DistillationPair, _ plan: StageRecipe, inputs: LayerWalk.LayerInputs?, seed: UInt64,
    evaluation: @escaping () throws -> [Metric] = { [] }, finish: @escaping () throws -> Void = {}
  ) throws {
    try plan.requireLoss(comparing: [.matrix, .output, .block], in: name)
    if plan.loss.compares == .matrix { try pair.requireComparableHeads() }
    (self.name, self.pair, self.plan, self.inputs) = (name, pair, plan, inputs)
    // A matrix is that of the whole mixer, window and all.
    dropout = WindowDropout(seed: seed, share: plan.loss.compares == .matrix ? 0 : plan.windowDropout ?? 0.5)
    (self.evaluation, self.finish) = (evaluation, finish)
  }

  public func begin() throws { parameters = try pair.begin(plan.trains) }

  public var rates: [Double] { pair.rates(parameters, plan) }
  public var blocks: [Int] { pair.blocks(parameters) }
  public var clipGroups: [Int]? { pair.clipGroups(parameters, plan) }

  public var saved: [Parameter] { pair.student.parameters.all }

  public func rowsAtOnce(length: Int) -> Int? {
    pair.teacher.parameters.all[0].value.device.rowsAtOnce.map { max(1, $0 / max(1, length)) }
  }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let loss = LayerLoss(plan.loss)
    func accumulate<Target>(
      _ sight: LayerWalk.TeacherTarget<Target>,
      _ compare: (_ student: any Block, _ input: Tensor, _ target: Target) -> Tensor
    ) throws -> StageLoss {
      try LayerWalk.accumulate(pair, batch.tokens, inputs, sight, dropout: dropout, share: share, loss: compare)
    }
    switch plan.loss.compares {
    case .matrix where loss.columns == .equal:
      return try accumulate(.matrix) { student, input, target in
        loss.matrices(
          student: student.mixer.factoredMatrix(of: input), teacher: target.repeatedEach(group(of: student)))
      }
    case .matrix:
      return try accumulate(.observedMatrix) { student, input, target in
        let group = self.group(of: student)
        return loss.matrices(
          student: student.mixer.factoredMatrix(of: input),
          teacher: MixerMatrix { target.matrix }.repeatedEach(group), lengths: target.lengths.repeatedEach(group, 1))
      }
    case .output:
      return try accumulate(.output) { loss.outputs(student: $0.mixer($1), teacher: $2) }
    case .block:
      return try accumulate(.block) { student, input, target in
        let leaving = student.finish(target.entering, input: input, mixed: student.mixer(input))
        return loss.outputs(student: leaving - target.entering, teacher: target.added)
      }
    case .hidden, .logits: preconditionFailure("\(plan.loss.compares) is not compared layer by layer")
    }
  }

  /// How many matrices of a student's layer are held to one of the teacher's.
  private func group(of student: any Block) -> Int { student.mixer.heads / pair.teacher.blocks[0].mixer.heads }

  public func evaluate() throws -> [Metric] { try evaluation() }
  public func end() throws { try finish() }
}
