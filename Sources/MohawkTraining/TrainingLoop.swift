import MohawkFiles
import MohawkRecipes
import MohawkTensor

/// The one training loop: runs stages one after another, each with its recipe's optimiser and schedule started afresh.
///
/// A run that was stopped or killed goes on from its newest checkpoint with the very numbers that an uninterrupted run
/// would have had, because batches are a function of stage and step, and weights, moments and generators are restored
/// bit by bit.
public final class TrainingLoop {
  /// The batch of one step: token ids [rows, length + 1], `int64`, with rows · length = `batchTokens`. It must depend on
  /// nothing but the stage's index and the step inside the stage, both counted from 0.
  public typealias Batches = (_ stageIndex: Int, _ stageStep: Int) throws -> TrainingBatch

  let recipe: Recipe
  let stages: [any TrainingStage]
  let batches: Batches
  let store: CheckpointStore?
  let generators: [String: RandomGenerator]
  let listeners: [any TrainingListener]
  let extra: [String: String]
  let shouldStop: () -> Bool
  let ranks: Ranks?

  /// The stage that runs or comes next.
  var stageIndex = 0
  /// Optimiser steps and tokens of that stage so far.
  var stageStep = 0
  var stageTokens = 0
  var clock = StepClock()
  var evaluationDue = false
  var recentLosses: [Double] = []
  /// Nil between stages.
  var optimizer: Optimizer?
  /// The newest checkpoint known to be good.
  var lastCheckpoint: String?
  /// When this start last saved, or began, and how long the last checkpoint took.
  var lastSave = ContinuousClock.now
  var saveTime = Duration.zero
  private var hasResumed = false
  /// Whether a rank was asked to stop, as all of them heard with the last step.
  var isAgreedToStop = false
  /// Whether rank 0 wants to save, as all of them heard.
  var isAgreedToSave = false
  /// The order in which ranks send the buckets of this stage's gradients, as all of them heard; nil before its first step.
  var bucketOrder: [Int]?

  /// - Parameters:
  ///   - recipe: names and fingerprints the run, and says how often to save; the plans are the stages' own.
  ///   - stages: what trains, in order.
  ///   - store: where checkpoints go; nil for a run that keeps none.
  ///   - generators: random generators whose states belong to the run, by name.
  ///   - listeners: told every event, in this order.
  ///   - extra: what every checkpoint's state carries for the caller.
  ///   - shouldStop: asked after every step; true saves a checkpoint and ends the run, such as
  ///     `{ StopSignal.isRequested }`. With several ranks it is enough that one of them is asked.
  ///   - ranks: the processes that share every batch; nil where this one is alone. All have the
  ///     same store, in which each writes its own moments; only rank 0 has listeners.
  ///   - batches: the tokens of every step, the same on all ranks.
  public init(
    recipe: Recipe, stages: [any TrainingStage], store: CheckpointStore?,
    generators: [String: RandomGenerator] = [:], listeners: [any TrainingListener] = [],
    extra: [String: String] = [:], shouldStop: @escaping () -> Bool = { false }, ranks: Ranks? = nil,
    batches: @escaping Batches
  ) {
    precondition(ranks?.isFirst ?? true || listeners.isEmpty, "only rank 0 listens")
    self.recipe = recipe
    self.stages = stages
    self.store = store
    self.generators = generators
    self.listeners = listeners
    self.extra = extra
    self.shouldStop = shouldStop
    self.ranks = ranks
    self.batches = batches
  }

  /// Optimiser steps of the run so far.
  public var step: Int { stageStart + stageStep }

  /// Steps of the run before the current stage.
  var stageStart: Int { stages[..<stageIndex].reduce(0) { $0 + $1.plan.steps } }

  /// Takes up the run at `checkpoint`: weights, moments, generators, step. `run` then goes on from there.
  /// - Throws: `MohawkError` when the checkpoint belongs to another recipe or model.
  public func resume(from checkpoint: Checkpoint) throws {
    precondition(!hasResumed && step == 0 && optimizer == nil, "a loop resumes once, before it runs")
    hasResumed = true
    try restore(checkpoint)
  }

  /// Trains until the last stage has ended.
  /// - Throws: `MohawkError`: `.notFinite` when a loss or gradient is, `.interrupted` when it was asked to stop (after
  ///   saving a checkpoint), `.alreadyInUse` when a run that was not resumed would overwrite another; and whatever the
  ///   stages, listeners and the disk throw.
  public func run() throws {
    if let store, ranks?.isFirst ?? true {
      try store.removeLeftovers()
      if !hasResumed, let other = try store.folders().last {
        throw MohawkError(
          .alreadyInUse, "this folder already holds checkpoints of a run", at: other,
          remedy: "resume that run, or choose another folder")
      }
    }
    lastSave = .now
    try emit(.started(info))
    while stageIndex < stages.count {
      try runStage()
      if stageIndex < stages.count, isToStop { throw interruption() }
    }
    try emit(.ended)
  }

  private func runStage() throws {
    let stage = stages[stageIndex]
    let plan = stage.plan
    if optimizer == nil { try enter(stage) }
    try ranks?.share(stage.saved.map(\.value))
    try emit(
      .stageStarted(stage.name, step: stageStart, steps: plan.steps, tokens: plan.steps * plan.batchTokens))
    if evaluationDue { try evaluate(stage) }  // owed by the run that was stopped here
    while stageStep < plan.steps {
      let record = try trainStep(stage)
      let isLast = stageStep == plan.steps
      evaluationDue = isLast || (plan.evaluateEvery > 0 && stageStep % plan.evaluateEvery == 0)
      try emit(.step(record))
      if isToStop {
        try save()
        throw interruption()
      }
      if evaluationDue { try evaluate(stage) }
      if !isLast, checkpointIsDue { try save() }
    }
    try stage.end()
    try emit(.stageEnded(stage.name, step: step, seconds: clock.total, tokens: stageTokens))
    try save(stageEnded: true)
    leave()
  }

  /// Whether all ranks end the run now.
  private var isToStop: Bool { ranks == nil ? shouldStop() : isAgreedToStop }

  /// Whether the run is to be saved after this step: by the number of steps, or because the last time is long ago. A
  /// checkpoint that takes long to write is written more seldom, so that it costs a twentieth of the time at most.
  private var checkpointIsDue: Bool {
    let plan = recipe.checkpoints
    if plan.every > 0, step % plan.every == 0 { return true }
    return ranks == nil ? isLongSinceSaved : isAgreedToSave
  }

  var isLongSinceSaved: Bool {
    let elapsed = (ContinuousClock.now - lastSave).seconds
    let minutes = recipe.checkpoints.minutes
    return minutes > 0 && elapsed >= max(60 * minutes, 20 * saveTime.seconds)
  }

  /// Starts a stage from its first step.
  private func enter(_ stage: any TrainingStage) throws {
    try stage.begin()
    precondition(!stage.parameters.isEmpty, "stage \(stage.name.rawValue) has nothing to train")
    optimizer = Optimizer(stage, ranks?.place)
  }

  /// Moves on to the next stage.
  func leave() {
    for parameter in stages[stageIndex].parameters { parameter.value.gradient = nil }
    stageIndex += 1
    stageStep = 0
    stageTokens = 0
    clock = StepClock()
    recentLosses = []
    evaluationDue = false
    optimizer = nil
    bucketOrder = nil
  }

  private func evaluate(_ stage: any TrainingStage) throws {
    let values = try withoutGradients { try stage.evaluate() }
    evaluationDue = false
    guard !values.isEmpty else { return }
    try emit(.evaluated(EvaluationRecord(stage: stage.name, step: step, stageStep: stageStep, values: values)))
  }

  func emit(_ event: TrainingEvent) throws {
    for listener in listeners { try listener.receive(event) }
  }

  private var info: RunInfo {
    RunInfo(
      name: recipe.name, fingerprint: recipe.fingerprint, device: recipe.device, threads: Runtime.threads,
      stages: stages.map {
        RunInfo.StageInfo(name: $0.name, steps: $0.plan.steps, tokens: $0.plan.steps * $0.plan.batchTokens)
      })
  }

  private func interruption() -> MohawkError {
    let total = stages.reduce(0) { $0 + $1.plan.steps }
    guard let lastCheckpoint else {
      return MohawkError(
        .interrupted, "training was stopped after step \(step) of \(total), and nothing was saved",
        remedy: "this run keeps no checkpoints: it has to start again")
    }
    return MohawkError(
      .interrupted, "training was stopped after step \(step) of \(total) and saved", at: lastCheckpoint,
      remedy: "resume the run to continue with the next step")
  }
}
