import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// A ``LayerStage`` on a little text that is gone through many times: what enters the teacher's layers is computed once, and every
/// layer ends with the weights that were best on held-out text, which may be those that it began with.
public final class Calibration: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.calibration
  /// How much, how fast, and what moves.
  public let plan: StageRecipe
  private let pair: DistillationPair
  private let layers: LayerStage
  private let judged: Tensor?
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
    (self.pair, self.plan, self.judged) = (pair, plan, judged)
    let inputs: LayerWalk.LayerInputs
    if let signals {
      inputs = signals.input
    } else {
      let compared = pair.teacher.blocks.indices.filter { !pair.keptLayers.contains($0) }
      inputs = LayerInputCache(pair.teacher, of: compared).input
    }
    layers = try LayerStage(name, pair, plan, inputs: inputs, seed: seed)
  }

  public func begin() throws {
    try layers.begin()
    best = judged.map { BestLayers(pair, judgedBy: $0) }
  }

  var dropout: WindowDropout { layers.dropout }

  public var parameters: [Parameter] { layers.parameters }
  public var rates: [Double] { layers.rates }
  public var blocks: [Int] { layers.blocks }
  public var clipGroups: [Int]? { layers.clipGroups }

  public var saved: [Parameter] { layers.saved + (best?.saved ?? []) }

  public func rowsAtOnce(length: Int) -> Int? { layers.rowsAtOnce(length: length) }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    if let best, best.isEmpty { best.judge() }
    return try layers.accumulate(batch, share: share)
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
