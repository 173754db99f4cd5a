import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports

/// A run folder that nobody trained: smooth curves with made-up noise, enough to fill every section of a report.
struct SyntheticRun {
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-run-\(UUID().uuidString)").path
    try AtomicFolder.ensure(folder)
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  static let recipe: Recipe = {
    var recipe = Recipe.named("demo")!
    recipe.pretraining.tokens = 1_500_000
    recipe.orientation.tokens = 200_000
    recipe.alignment.tokens = 400_000
    recipe.distillation.tokens = 1_000_000
    return recipe
  }()

  /// Deterministic noise in −1…1.
  static func noise(_ index: Int) -> Double {
    Double((UInt64(index) &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407) >> 40) / Double(1 << 23) - 1
  }

  static func step(_ stage: StageName, _ step: Int, _ stageStep: Int, _ steps: Int) -> StepRecord {
    let progress = Double(stageStep) / Double(steps)
    let (start, end): (Double, Double) =
      switch stage {
      case .pretraining: (6.2, 1.6)
      case .orientation: (14, 1.1)
      case .calibration, .alignment: (3.1, 0.31)
      case .distillation: (2.4, 1.75)
      }
    let loss = end + (start - end) * exp(-6 * progress) * (1 + 0.1 * noise(step)) + 0.03 * end * noise(step + 7)
    let hasLayers = stage != .pretraining && stage != .distillation
    return StepRecord(
      stage: stage, step: step, stageStep: stageStep, stageSteps: steps, tokens: stageStep * 2048, loss: loss,
      perLayer: hasLayers ? (0..<4).map { loss * (0.15 + 0.05 * Double($0)) } : nil,
      learningRate: recipe[stage].schedule.learningRate(at: stageStep - 1),
      gradientNorm: 0.6 + 2 * exp(-4 * progress) + 0.2 * noise(step + 3), tokensPerSecond: 9000 + 400 * noise(step),
      seconds: 0.23, memoryMiB: 512 + 40 * progress, peakMemoryMiB: 640, eta: Double(steps - stageStep) * 0.23)
  }

  static var events: [TrainingEvent] {
    var events: [TrainingEvent] = [.started(RunInfo(recipe, threads: 2))]
    var step = 0
    for stage in recipe.trainingStages {
      let steps = recipe[stage].steps
      events.append(.stageStarted(stage, step: step, steps: steps, tokens: steps * 2048))
      for stageStep in 1...steps {
        step += 1
        let record = Self.step(stage, step, stageStep, steps)
        events.append(.step(record))
        if stageStep % max(1, steps / 6) == 0 || stageStep == steps {
          events.append(
            .evaluated(
              EvaluationRecord(
                stage: stage, step: step, stageStep: stageStep,
                values: [
                  Metric("loss", record.loss * 1.04), Metric("perplexity", exp(min(record.loss, 3)) * 1.05),
                  Metric("agreement", 1 - 0.5 * exp(-3 * Double(stageStep) / Double(steps))),
                ])))
        }
      }
      events.append(.checkpointed(path: "checkpoint-\(step)", step: step))
      events.append(.stageEnded(stage, step: step, seconds: Double(steps) * 0.23, tokens: steps * 2048))
    }
    return events + [.ended]
  }

  static func pair(layer: Int, head: Int, size: Int = 64) -> MatrixPair {
    var (teacher, student) = ([Float](repeating: 0, count: size * size), [Float](repeating: 0, count: size * size))
    for row in 0..<size {
      var weights = (0...row).map { column -> Double in
        let distance = Double(row - column)
        let local = exp(-distance / Double(2 + 6 * head))
        let sink = column == 0 ? 0.4 * Double(layer + 1) : 0
        return local + sink + (column % (7 + layer) == 3 ? 0.5 : 0) + 0.02 * abs(noise(row * size + column))
      }
      let sum = weights.reduce(0, +)
      weights = weights.map { $0 / sum }
      for column in 0...row {
        teacher[row * size + column] = Float(weights[column])
        student[row * size + column] = Float(weights[column] * 0.8 + 0.03 * noise(row * 31 + column * 17) * weights[0])
      }
    }
    return MatrixPair(layer: layer, head: head, size: size, teacher: teacher, student: student)
  }

  /// Writes every file that a report can read.
  func fill() throws {
    try AtomicFile.write(Self.recipe.yaml, to: path(RunReport.FileName.recipe))
    let log = try MetricsLog(path(RunReport.FileName.metrics))
    for event in Self.events { try log.receive(event) }
    try RunReport.save(
      EvaluationSummary(
        tokens: 16_384, teacherParameters: 920_000, studentParameters: 905_000, teacherPerplexity: 5.482,
        studentPerplexity: 6.118, agreement: 0.873, divergence: 0.0912,
        rows: [
          .init("recall, 4 pairs", teacher: 0.98, student: 0.71), .init("story ending", teacher: 0.82, student: nil),
        ],
        layers: (0..<4).map { .init(layer: $0, matrix: 0.4 + 0.2 * Double($0), hidden: 0.06, keepsAttention: $0 == 3) }),
      as: RunReport.FileName.evaluation, in: folder)
    let pairs = (0..<4).flatMap { layer in (0..<4).map { Self.pair(layer: layer, head: $0) } }
    try RunReport.save(pairs, as: RunReport.FileName.matrices, in: folder)
    try RunReport.save(
      [
        TextSample(
          prompt: "Once there was a heron who", teacher: " kept a lamp by the river and lit it for the boats.",
          student: " kept a lamp by the river and lit it for the moon."),
        TextSample(
          prompt: "The baker said to the fox: <b>", teacher: " “Come back when the bread is done.”\nThe fox came back.",
          student: " “Come back when the bread is cold.”\nThe fox did not."),
      ], as: RunReport.FileName.samples, in: folder)
    try RunReport.save(
      [
        DecodeCost(model: "teacher", context: 128, millisecondsPerToken: 1.9, stateMiB: 0.5),
        DecodeCost(model: "student", context: 128, millisecondsPerToken: 1.4, stateMiB: 0.13),
        DecodeCost(model: "teacher", context: 8192, millisecondsPerToken: 21.3, stateMiB: 32),
        DecodeCost(model: "student", context: 8192, millisecondsPerToken: 1.4, stateMiB: 0.13),
      ], as: RunReport.FileName.decode, in: folder)
    try RunReport.save(
      [
        WeightTransferRow(
          student: "layers.0.mlp.fc1.weight", teacher: "layers.0.mlp.fc1.weight", shape: [512, 128], how: "copied"),
        WeightTransferRow(
          student: "layers.0.mixer.in_proj.weight", teacher: nil, shape: [516, 128], how: "initialised"),
      ], as: RunReport.FileName.transfer, in: folder)
  }
}
