import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Stage 2 on a little text that is gone through many times: what enters the teacher's layers is computed once, and every
/// layer ends with the weights that were best on held-out text, which may be those that it began with.
public final class Calibration: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.calibration
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  private let pair: DistillationPair
  private let inputs: LayerWalk.LayerInputs
  private let judged: Tensor?
  let dropout: WindowDropout
  private var best: BestLayers?

  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - plan: how much, how fast, and what moves.
  ///   - judged: tokens [rows, length] that the stage does not train on; nil for a stage that is only checked.
  ///   - signals: what enters the teacher's layers for all sequences; nil runs the teacher once for each.
  ///   - seed: of the run: it decides which sequences are seen without window.
  /// - Throws: `MohawkError` when the plan trains what the loss does not depend on.
  public init(
    _ pair: DistillationPair, _ plan: StageRecipe, judgedBy judged: Tensor?, signals: TeacherSignals? = nil,
    seed: UInt64 = 0
  ) throws {
    try plan.requireTrained([.matrix, .mixer], in: name)
    self.pair = pair
    self.plan = plan
    self.judged = judged
    dropout = WindowDropout(seed: seed, share: plan.windowDropout ?? 0.5)
    if let signals {
      inputs = signals.input
    } else {
      let compared = pair.teacher.blocks.indices.filter { !pair.keptLayers.contains($0) }
      inputs = LayerInputCache(pair.teacher, of: compared).input
    }
  }

  public func begin() throws {
    parameters = try pair.begin(plan.trains)
    best = judged.map { BestLayers(pair, judgedBy: $0) }
  }

  public var rates: [Double] { pair.rates(parameters, plan) }
  public var blocks: [Int] { pair.blocks(parameters) }

  public var saved: [Parameter] { pair.student.parameters.all + (best?.saved ?? []) }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let tokens = batch.tokens
    if let best, best.isEmpty { best.judge() }
    let loss = LayerLoss(plan)
    return try LayerWalk.accumulate(
      pair, tokens, inputs, .output, dropout: dropout, share: share
    ) { mixer, input, target in
      loss.outputs(student: mixer(input), teacher: target)
    }
  }

  public func evaluate() throws -> [Metric] {
    guard let best else { return [] }
    let errors = best.judge().compactMap { $0 }
    func mean(_ value: ((now: Double, best: Double)) -> Double) -> Double {
      errors.map(value).reduce(0, +) / Double(max(1, errors.count))
    }
    return [Metric("output error", mean(\.now)), Metric("best output error", mean(\.best))]
  }

  public func end() throws { best?.restore() }
}
