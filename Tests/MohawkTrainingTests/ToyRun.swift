import Foundation
import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// A model of two layers over a vocabulary of eleven tokens, small enough to train in milliseconds.
final class ToyModel {
  let parameters: ParameterList
  let embedding: Tensor
  let layers: [(weight: Tensor, bias: Tensor)]
  let head: Tensor

  init(seed: UInt64 = 1, _ dtype: DType = .float32) throws {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: seed), dtype))
    embedding = (build.root / "embedding").parameter("weight", [11, 6], .normal(1))
    layers = (0..<2).map {
      let scope = build.root / "layers" / $0
      return (scope.parameter("weight", [6, 6], .normal(0.4)), scope.parameter("bias", [6], .zeros))
    }
    head = (build.root / "head").parameter("weight", [11, 6], .normal(0.4))
    try build.finish()
    parameters = build.parameters
  }

  /// All weights as bit patterns.
  var bits: [[UInt32]] { parameters.all.map { $0.value.floats().map(\.bitPattern) } }
}

/// Next-token training of a `ToyModel` with noise from a generator, one loss per layer, and faults on demand.
final class ToyStage: TrainingStage {
  let name: StageName
  var plan: StageRecipe
  let model: ToyModel
  let noise: RandomGenerator?
  var moves: (Parameter) -> Bool = { _ in true }
  /// Called before every micro-batch.
  var before: () throws -> Void = {}
  /// Multiplies the loss of this layer by NaN at the given micro-batch, counted from 0.
  var poison: (layer: Int, at: Int)?
  private(set) var calls = 0
  private(set) var ended = 0
  private(set) var parameters: [Parameter] = []

  init(_ name: StageName, _ plan: StageRecipe, _ model: ToyModel, noise: RandomGenerator? = nil) {
    self.name = name
    self.plan = plan
    self.model = model
    self.noise = noise
  }

  var saved: [Parameter] { model.parameters.all }

  /// What Muon moves where the plan asks for it: the layers' weights, the second one in two blocks.
  var blocks: [Int] {
    parameters.map { ["layers.0.weight": 1, "layers.1.weight": 2][$0.name] ?? 0 }
  }

  func begin() { parameters = model.parameters.train(where: moves) }

  func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    try before()
    let tokens = batch.tokens
    let length = tokens.size(1) - 1
    let targets = tokens.narrowed(1, from: 1, length: length).reshaped(-1)
    var x = model.embedding.embedding(tokens.narrowed(1, from: 0, length: length))
    if let noise { x = x + noise.normal(x.shape, x.dtype) * 0.1 }
    var losses: [Tensor] = []
    for (index, layer) in model.layers.enumerated() {
      x = x + x.linear(layer.weight, layer.bias).tanh()
      var loss = x.linear(model.head).reshaped(-1, 11).crossEntropy(targets)
      if let poison, poison.layer == index, poison.at == calls { loss = loss * .nan }
      losses.append(loss)
    }
    calls += 1
    let total = losses[0] + losses[1]
    (total * share).backward()
    return StageLoss(total: total, perLayer: losses)
  }

  func evaluate() -> [Metric] { [Metric("norm", model.head.square().sum().item())] }

  func end() { ended += 1 }
}

/// Keeps every event, and can fail like a process that dies.
final class Recorder: TrainingListener {
  struct Died: Error {}
  var events: [TrainingEvent] = []
  var dies: (TrainingEvent) -> Bool = { _ in false }

  func receive(_ event: TrainingEvent) throws {
    events.append(event)
    if dies(event) { throw Died() }
  }

  var steps: [StepRecord] { events.compactMap { if case .step(let record) = $0 { record } else { nil } } }
  var evaluations: [EvaluationRecord] {
    events.compactMap { if case .evaluated(let record) = $0 { record } else { nil } }
  }
  var checkpoints: [String] {
    events.compactMap { if case .checkpointed(let path, _) = $0 { path } else { nil } }
  }
  /// What must be the same, to the last bit, in a run that was interrupted.
  var numbers: [[UInt64]] {
    steps.map { record in
      let values = [record.loss, record.learningRate, record.gradientNorm] + (record.perLayer ?? [])
      return [UInt64(record.step), UInt64(record.tokens)] + values.map(\.bitPattern)
    }
  }
}

/// Two stages of eight and six steps over the toy model.
struct ToyRun {
  var recipe = Recipe()
  let recorder = Recorder()
  let model: ToyModel
  let noise = RandomGenerator(seed: 5)
  let first: ToyStage
  let second: ToyStage

  init(dtype: DType = .float32) throws {
    recipe.checkpoints.every = 3
    recipe.checkpoints.keep = 2
    model = try ToyModel(dtype)
    model.parameters["layers.1.weight"]!.unit = 0.25
    var plan = StageRecipe(tokens: 8 * 40, batchTokens: 40, learningRate: 2e-2, trains: .mixer)
    plan.evaluateEvery = 5
    plan.microBatchTokens = 20
    first = ToyStage(.alignment, plan, model, noise: noise)
    first.moves = { !$0.name.hasPrefix("head") }
    var last = StageRecipe(tokens: 6 * 40, batchTokens: 40, learningRate: 1e-2, trains: .all)
    last.evaluateEvery = 2
    last.optimizer = .muon
    second = ToyStage(.distillation, last, model, noise: noise)
  }

  func loop(_ store: CheckpointStore?, shouldStop: @escaping () -> Bool = { false }) -> TrainingLoop {
    TrainingLoop(
      recipe: recipe, stages: [first, second], store: store, generators: ["noise": noise], listeners: [recorder],
      extra: ["note": "kept"], shouldStop: shouldStop, batches: ToyRun.batch)
  }

  /// Eight rows of five tokens, each token following the last by a rule, from a start that depends on stage and step.
  static func batch(_ stage: Int, _ step: Int) -> TrainingBatch {
    let starts = RandomGenerator(seed: UInt64(1000 * stage + step)).integers(0..<11, [8]).integers()
    let rows = starts.flatMap { start in
      (0..<6).reduce(into: [start]) { row, _ in row.append((row.last! * 3 + 1) % 11) }.prefix(6)
    }
    return TrainingBatch(Tensor(rows.map(Int64.init), shape: [8, 6]))
  }
}

/// A folder that goes when the test does.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString)").path
  init() throws { try AtomicFolder.ensure(path) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }
  /// Everything in it, hidden files too.
  var contents: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
