import ArgumentParser
import Foundation
import MohawkDistillation
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// One side of a comparison, started by the other commands.
struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Works one step per line of standard input.", shouldDisplay: false)

  enum Work: String, ExpressibleByArgument { case matmul, copy, exponentials, stage1, stage2, stage3, ssd }

  @Argument var work: Work
  @Option var preset = Preset.Name.small
  @Option var precision = Precision.float32
  @Option var threads = 1
  @Option var batch: Int?
  @Option var layers: Int?
  @Option var vocabulary: Int?
  @Option(help: "Instead of working: writes the models, a batch, its loss and gradients into this file.")
  var export: String?
  @Flag(inversion: .prefixedNo) var keepMemory = true
  @Flag(inversion: .prefixedNo) var kernelsByFeatures = true

  func run() throws {
    if keepMemory { Runtime.keepFreedMemory() }
    Runtime.chooseKernels(byFeatures: kernelsByFeatures)
    Runtime.threads = threads
    switch work {
    case .matmul: matmul()
    case .copy: copy()
    case .exponentials: exponentials()
    case .stage1: try train(.orientation)
    case .stage2: try train(.alignment)
    case .stage3: try train(.distillation)
    case .ssd: try stateSpace()
    }
  }

  /// Five products of 2048 × 2048 matrices per step.
  private func matmul() {
    let a = RandomGenerator(seed: 1).normal([2048, 2048]).to(precision.dtype)
    _ = a.matmul(a)
    repeated { for _ in 0..<5 { _ = a.matmul(a) } }
  }

  /// 512 MiB read and as much written per step.
  private func copy() {
    let (a, b) = (Tensor.zeros([1 << 27]), Tensor.zeros([1 << 27]))
    repeated { b.assign(a) }
  }

  /// 2^28 exponentials per step, of numbers that lie in a cache.
  private func exponentials() {
    let a = -RandomGenerator(seed: 1).normal([1 << 18]).abs()
    let b = a.copy()
    repeated {
      for _ in 0..<1024 {
        b.assign(a)
        b.expInPlace()
      }
    }
  }

  /// The state-space operation, forward and backward, per step.
  private func stateSpace() throws {
    let size = Preset(preset)
    let work = SSDWork(size, rows: batch ?? size.batch, dtype: precision.dtype)
    if let export { return try work.export(to: export) }
    for _ in 0..<2 { _ = work.run() }
    Meter.forgetPeak()
    let program = ProcessMemory.current().resident - work.mebibytes
    Turns.introduce(Introduction(student: work.numbers, programMiB: program, weightsMiB: work.mebibytes))
    while Turns.isAsked() {
      var sample = Meter.measure { for _ in 0..<SSDWork.perTurn { _ = work.run() } }
      sample.seconds /= Double(SSDWork.perTurn)
      sample.cpuSeconds /= Double(SSDWork.perTurn)
      Turns.answer(sample)
    }
  }

  private func repeated(_ work: () -> Void) {
    Turns.introduce(Introduction())
    while Turns.isAsked() { Turns.answer(Meter.measure(work)) }
  }

  /// One optimiser step of the training loop per step.
  private func train(_ name: StageName) throws {
    let program = ProcessMemory.current().resident
    let size = Preset(preset).limited(layers: layers, vocabulary: vocabulary)
    let rows = batch ?? size.batch
    let (teacher, student) = try size.pair(maxLength: size.length, compute: precision.dtype)
    let pair = try DistillationPair(teacher: teacher, student: student)
    var plan = StageRecipe(
      tokens: 1 << 40, batchTokens: rows * size.length, learningRate: 1e-4,
      trains: [.orientation: .matrix, .alignment: .mixer][name] ?? .all, loss: Recipe()[name].loss)
    plan.warmup = 0
    plan.microBatchTokens = ProcessInfo.processInfo.environment["MICRO"].flatMap(Int.init)
    let stage: any TrainingStage =
      switch name {
      case .orientation, .alignment: try LayerStage(name, pair, plan)
      default: try KnowledgeDistillation(pair, plan)
      }
    let generator = RandomGenerator(seed: 3)
    let batches = (0..<4).map { _ in generator.integers(0..<size.vocabulary, [rows, size.length + 1]) }
    if let export { return try Agreement.export(pair, stage, batches[0], to: export) }
    Meter.forgetPeak()
    let weights = [teacher, student].flatMap(\.parameters.all).reduce(0) { $0 + $1.value.byteCount }
    let turns = StepTurns(
      Introduction(
        teacher: teacher.parameters.count, student: student.parameters.count, programMiB: program,
        weightsMiB: Double(weights) / 1_048_576), stage)
    let loop = TrainingLoop(
      recipe: Recipe(), stages: [stage], store: nil, listeners: [turns],
      batches: { TrainingBatch(batches[$1 % batches.count]) })
    do {
      try loop.run()
    } catch is StepTurns.EndOfInput {
    }
  }
}

/// The worker's side of taking turns.
enum Turns {
  static func introduce(_ introduction: Introduction) { write(introduction) }
  static func answer(_ sample: Sample) { write(sample) }

  /// Waits for the next word; false when there is no more to do.
  static func isAsked() -> Bool { readLine() == "step" }

  private static func write(_ message: some Encodable) {
    guard var line = try? JSONEncoder().encode(message) else { preconditionFailure("numbers that JSON cannot hold") }
    line.append(0x0A)
    FileHandle.standardOutput.write(line)
  }
}

/// Holds the training loop still between its steps.
private final class StepTurns: TrainingListener {
  struct EndOfInput: Error {}

  private let introduction: Introduction
  private let stage: any TrainingStage
  private var meter = Meter()

  init(_ introduction: Introduction, _ stage: any TrainingStage) {
    self.introduction = introduction
    self.stage = stage
  }

  func receive(_ event: TrainingEvent) throws {
    switch event {
    case .stageStarted:
      var introduction = introduction
      introduction.moving = stage.parameters.reduce(0) { $0 + $1.value.count }
      Turns.introduce(introduction)
    case .step(let record):
      var sample = meter.read()
      sample.loss = record.loss
      Turns.answer(sample)
    default: return
    }
    guard Turns.isAsked() else { throw EndOfInput() }
    meter = Meter()
  }
}
