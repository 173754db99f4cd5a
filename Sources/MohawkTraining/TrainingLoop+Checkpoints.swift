import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor

extension TrainingLoop {
  /// Saves where the run stands. Weights that are not finite are never saved.
  func save(stageEnded: Bool = false) throws {
    guard let store else { return }
    let start = ContinuousClock.now
    if let ranks, !ranks.isFirst {
      // What is the same on all ranks is written by the first one.
      if !stageEnded { try store.saveMoments(optimizer!.state, step: step, ranks) }
      lastCheckpoint = store.path(step: step)
      return
    }
    let stage = stages[stageIndex]
    let model = stage.saved.map { (name: $0.name, tensor: $0.value) }
    if !TensorList.norm(model.map { $0.tensor.detached() }).isFinite {
      let broken = model.first { _, tensor in withoutGradients { tensor.isFinite().all().intItem() == 0 } }
      throw MohawkError(
        .notFinite, "the weights \(broken?.name ?? "of the model") are not finite after step \(step)",
        at: "stage \(stage.name.rawValue)",
        remedy: (lastCheckpoint.map { "last good checkpoint: \($0)" } ?? "there is no checkpoint yet"))
    }
    var state = CheckpointState(
      step: step, stageIndex: stageIndex, stage: stage.name, stageStep: stageStep, stageTokens: stageTokens,
      stageSeconds: clock.total, fingerprint: recipe.fingerprint)
    state.evaluationDue = evaluationDue
    state.stageEnded = stageEnded
    state.recentLosses = recentLosses
    state.extra = extra
    state.units = Dictionary(uniqueKeysWithValues: stage.saved.filter { $0.unit != 1 }.map { ($0.name, $0.unit) })
    let path = try store.save(
      state, recipe: recipe.yaml, model: model, optimizer: stageEnded ? [] : optimizer!.state,
      generators: generators.map { ($0.key, $0.value.state) }, ranks: stageEnded ? nil : ranks)
    lastCheckpoint = path
    lastSave = .now
    saveTime = lastSave - start
    try emit(.checkpointed(path: path, step: step))
  }

  /// Puts everything back to where `save` left it.
  func restore(_ checkpoint: Checkpoint) throws {
    let state = checkpoint.state
    try check(checkpoint)
    let stage = stages[state.stageIndex]
    try stage.begin()
    try checkpoint.model().fill(stage.saved.map { ($0.name, $0.value) })
    for parameter in stage.saved { parameter.unit = state.units?[parameter.name] ?? 1 }
    try restoreGenerators(try checkpoint.generators())
    stageIndex = state.stageIndex
    lastCheckpoint = checkpoint.path
    if state.stageEnded {
      leave()
      return
    }
    let optimizer = Optimizer(stage, ranks?.place)
    try optimizer.restore(try checkpoint.moments(), step: state.stageStep)
    self.optimizer = optimizer
    stageStep = state.stageStep
    stageTokens = state.stageTokens
    clock.total = state.stageSeconds
    evaluationDue = state.evaluationDue
    recentLosses = state.recentLosses
  }

  /// Refuses a checkpoint of another run.
  private func check(_ checkpoint: Checkpoint) throws {
    let state = checkpoint.state
    let change = try recipe.change(from: checkpoint.parsedRecipe(), stages: stages.map(\.name))
    // What has not begun may change.
    guard !change.decides || change.firstStage ?? 0 > state.stageIndex else {
      throw MohawkError(
        .mismatch,
        "the recipe has changed since this checkpoint: \(change.differences.prefix(5).joined(separator: "; "))",
        at: checkpoint.path, remedy: "resume with the recipe of the run, or start another run in another folder")
    }
    guard stages.indices.contains(state.stageIndex), stages[state.stageIndex].name == state.stage,
      (0...stages[state.stageIndex].plan.steps).contains(state.stageStep),
      state.step == stages[..<state.stageIndex].reduce(0, { $0 + $1.plan.steps }) + state.stageStep
    else {
      throw MohawkError(
        .mismatch, "step \(state.stageStep) of stage \(state.stage.rawValue) is no place in this run",
        at: checkpoint.path, remedy: "resume with the stages of the run")
    }
  }

  private func restoreGenerators(_ file: SafetensorsFile) throws {
    guard Set(file.names) == Set(generators.keys) else {
      throw MohawkError(
        .mismatch, "the checkpoint has the generators \(file.names.sorted()), not \(generators.keys.sorted())",
        at: file.path, remedy: "resume with the version that wrote the checkpoint")
    }
    for (name, generator) in generators { try generator.restore(try file.tensor(name).copy()) }
  }
}
