import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// What a step of a stage takes here: measured on models of one layer and of three that are else like the real ones, in
/// some steps of the real loop, and continued to all layers. The time is the median of steps, so that it tells of the
/// machine as busy as it is.
struct StageProbe {
  /// Bytes at the highest that are neither weights, gradients nor moments: activations, logits, what the libraries need.
  var working: Double
  /// Seconds of an optimiser step.
  var seconds: Double

  /// Layers of the two models.
  static let layers = [1, 3]
  /// Steps of each at least and at most; no more are begun after some seconds.
  private static let steps = 3...9
  private static let enough = Duration.seconds(3)

  /// - Parameters:
  ///   - stage: which.
  ///   - teacher: the real teacher's geometry.
  ///   - recipe: of the run.
  ///   - process: bytes of the program without models.
  /// - Throws: `MohawkError` when the recipe does not fit the teacher.
  init(_ stage: StageName, _ teacher: DecoderConfiguration, _ recipe: Recipe, _ process: Double) throws {
    let all = teacher.layers.count
    let counts = all <= Self.layers[1] ? [all] : Self.layers
    let found = try counts.map { try Self.measure(stage, teacher.shortened(to: $0), of: all, recipe, process) }
    let (first, last) = (found[0], found[found.count - 1])
    func continued(_ value: (Self) -> Double) -> Double {
      let step = counts.count > 1 ? (value(last) - value(first)) / Double(counts[1] - counts[0]) : 0
      return value(last) + max(0, step) * Double(all - counts[counts.count - 1])
    }
    self.init(working: continued(\.working), seconds: continued(\.seconds))
  }

  init(working: Double, seconds: Double) { (self.working, self.seconds) = (working, seconds) }

  private static func measure(
    _ name: StageName, _ teacher: DecoderConfiguration, of layers: Int, _ recipe: Recipe, _ process: Double
  ) throws -> Self {
    var recipe = recipe
    (recipe.student.attention, recipe.student.attentionLayers) = (nil, [])
    // Single heads are shared out among all layers, at least one for each.
    let heads = (recipe.student.attentionHeads.count + layers - 1) / layers
    recipe.student.attentionHeads = teacher.layers.indices.filter { teacher.layers[$0].kind == .attention }.flatMap {
      layer in
      (0..<heads).map { AttentionHead(layer: layer, head: $0) }
    }
    recipe[name].passes = 1
    recipe[name].tokens = steps.upperBound * recipe[name].batchTokens
    recipe[name].evaluateEvery = 0
    Runtime.releaseFreedMemory()
    let compute = recipe.precision.compute
    let pair = try DistillationPair(
      teacher: Decoder.fresh(teacher, seed: 1, compute: compute),
      student: Decoder.fresh(try teacher.student(recipe.student), seed: 2, compute: compute))
    let plan = recipe[name]
    let (rows, length) = (plan.batchTokens / recipe.data.sequenceLength, recipe.data.sequenceLength)
    let stage: any TrainingStage =
      switch (name, plan.loss.compares) {
      case (.calibration, _): try Calibration(pair, plan, judgedBy: nil)
      case (_, .matrix), (_, .output), (_, .block): try LayerStage(name, pair, plan)
      case (_, .hidden): try HiddenStateStage(name, pair, plan)
      case (_, .logits): try KnowledgeDistillation(pair, plan, as: name)
      }
    let recorder = StepRecorder()
    let generator = RandomGenerator(seed: 3)
    let start = ContinuousClock.now
    let loop = TrainingLoop(
      recipe: recipe, stages: [stage], store: nil, listeners: [recorder],
      shouldStop: { recorder.records.count >= steps.lowerBound && ContinuousClock.now - start > enough }
    ) { _, _ in TrainingBatch(generator.integers(0..<teacher.vocabulary, [rows, length + 1])) }
    do { try loop.run() } catch let error as MohawkError where error.code == .interrupted {}
    let known = MemoryParts(name, pair, plan, compute).bytes
    let peak = (recorder.records.last?.peakMemoryMiB ?? .nan) * 1_048_576
    // The making of models and moments is over when the first step has ended.
    let seconds = recorder.records.dropFirst().map(\.seconds).sorted()
    return Self(
      working: max(0, peak - process - known), seconds: seconds.isEmpty ? .nan : seconds[seconds.count / 2])
  }
}

/// Keeps the records of steps, and lets every step find its own peak.
private final class StepRecorder: TrainingListener {
  var records: [StepRecord] = []

  func receive(_ event: TrainingEvent) {
    switch event {
    case .stageStarted: ProcessMemory.resetPeak()
    case .step(let record): records.append(record)
    default: break
    }
  }
}

extension DecoderConfiguration {
  /// The same with fewer layers.
  func shortened(to count: Int) -> DecoderConfiguration {
    var shape = self
    shape.layers = Array(layers.prefix(count))
    return shape
  }
}

/// What a stage keeps in memory, by part, that follows from the geometry alone.
struct MemoryParts {
  /// Names and bytes.
  let parts: [(name: String, bytes: Double)]
  var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  /// - Parameters:
  ///   - stage: which.
  ///   - pair: both models, which may be hollow.
  ///   - plan: of the stage.
  ///   - compute: the type that layers compute in.
  ///   - ranks: processes that share every batch and the moments.
  init(_ stage: StageName, _ pair: DistillationPair, _ plan: StageRecipe, _ compute: DType, ranks: Int = 1) {
    let width = compute == .float32 ? 4.0 : 2.0
    var teacher = 0.0
    for parameter in pair.teacher.parameters.all {
      teacher += Double(parameter.value.count) * (parameter.canBeMaterialized ? width : 4)
    }
    let student = pair.student.parameters.all.reduce(0.0) { $0 + Double($1.value.count) } * 4
    let moving = pair.moving(plan.trains)
    let numbers = moving.reduce(0.0) { $0 + Double($1.value.count) }
    let isMuon = plan.optimizer == .muon ? pair.blocks(moving).map { $0 > 0 } : moving.map { _ in false }
    let moments = zip(moving, isMuon).reduce(0.0) { $0 + Double($1.0.value.count) * ($1.1 ? 4 : 8) }
    var all: [(name: String, bytes: Double)] = [
      ("teacher", teacher), ("student", student), ("gradients", 4 * numbers), ("moments", moments / Double(ranks)),
    ]
    if ranks > 1 { all.append(("exchange", ShardExchange.bytes(numbers: numbers))) }
    parts = all
  }
}
