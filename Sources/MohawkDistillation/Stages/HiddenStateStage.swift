import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// A stage that compares the residual streams of both models after every block, each model from its own input: unlike in
/// ``LayerStage`` a layer learns to make up for the errors of those before it.
///
/// Layers before the first one that differs have equal streams and count as 0; a layer that is kept and lies behind it is
/// compared. The graph of the whole student exists at once.
public final class HiddenStateStage: TrainingStage {
  /// The stage of the recipe.
  public let name: StageName
  /// How much, how fast, what moves, and how streams are compared.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let pair: DistillationPair
  let dropout: WindowDropout
  let evaluation: () throws -> [Metric]

  /// - Parameters:
  ///   - name: which stage of the recipe it is.
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, what moves, and how streams are compared.
  ///   - seed: of the run: it decides which sequences are seen without window.
  ///   - evaluation: what to measure when an evaluation is due.
  /// - Throws: `MohawkError` when the plan's loss is another one or contradicts itself, or its parameters would not learn.
  public init(
    _ name: StageName, _ pair: DistillationPair, _ plan: StageRecipe, seed: UInt64 = 0,
    evaluation: @escaping () throws -> [Metric] = { [] }
  ) throws {
    try plan.requireLoss(comparing: [.hidden], in: name)
    (self.name, self.pair, self.plan) = (name, pair, plan)
    dropout = WindowDropout(seed: seed, share: plan.windowDropout ?? 0.2)
    self.evaluation = evaluation
  }

  public func begin() throws { parameters = try pair.begin(plan.trains) }

  public var rates: [Double] { pair.rates(parameters, plan) }
  public var blocks: [Int] { pair.blocks(parameters) }

  public var saved: [Parameter] { pair.student.parameters.all }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let tokens = batch.tokens
    let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
    let (teacher, student) = (pair.teacher, pair.student)
    let measure = LayerLoss(plan.loss)
    let kept = pair.keptLayers
    var losses = [Tensor?](repeating: nil, count: student.blocks.count)
    student.dropping(dropout, for: tokens) {
      var wanted = withoutGradients { teacher.embed(ids) }
      var stream = student.embed(ids)
      var differs = false
      for layer in student.blocks.indices {
        wanted = withoutGradients { teacher.blocks[layer](wanted) }
        stream = student.blocks[layer](stream, recomputing: plan.activationCheckpointing)
        differs = differs || !kept.contains(layer)
        if differs { losses[layer] = measure.outputs(student: stream, teacher: wanted) }
      }
      (losses.compactMap { $0 }.reduceToSum()! * share).backward(completes: .all)
    }
    return withoutGradients { StageLoss(layers: losses.map { $0?.detached() }) }
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
}
