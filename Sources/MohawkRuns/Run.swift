import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTraining

/// What pretraining and distillation share: a locked folder, its recipe, its logs, and going on where it stopped.
struct Run {
  let recipe: Recipe
  let folder: RunFolder
  let settings: RunSettings
  private let lock: RunLock
  private let store: CheckpointStore

  /// Takes the folder.
  /// - Throws: `MohawkError` when another process runs in it, or it belongs to another recipe.
  init(_ recipe: Recipe, _ folder: RunFolder, _ settings: RunSettings) throws {
    try recipe.validate()
    try AtomicFolder.ensure(folder.path)
    lock = try RunLock(folder: folder.path)
    self.recipe = recipe
    self.folder = folder
    self.settings = settings
    store = CheckpointStore(folder: folder.path, keep: recipe.checkpoints.keep)
    if folder.has(folder.recipe) {
      let theirs = try RecipeLoader.load(folder.recipe)
      let changes = recipe.differences(from: theirs).map { "\($0.key) is \($0.value) and was \($0.other)" }
      guard changes.isEmpty else {
        throw MohawkError(
          .mismatch, "this folder holds a run of another recipe: \(changes.prefix(5).joined(separator: "; "))",
          at: folder.path, remedy: "continue it with its own recipe (-r \(folder.recipe)), or choose another folder")
      }
    } else {
      try AtomicFile.write(recipe.yaml, to: folder.recipe)
    }
  }

  /// Trains the stages to their end, from the newest good checkpoint when there is one.
  func train(_ stages: [any TrainingStage], batches: @escaping TrainingLoop.Batches) throws {
    try store.removeLeftovers()
    let (checkpoint, skipped) = try store.newest()
    for damaged in skipped { settings.notice("skipping a damaged checkpoint: \(damaged.reason)") }
    if checkpoint == nil, !skipped.isEmpty {
      throw MohawkError(
        .invalidFormat, "all checkpoints of this run are damaged", at: folder.path,
        remedy: "remove its checkpoint folders to start again")
    }
    if checkpoint == nil { try? FileManager.default.removeItem(atPath: folder.metrics) }
    let resumed = checkpoint?.state.step
    let logs: [any TrainingListener] = [
      try MetricsLog(folder.metrics, resumingAfter: resumed),
      try TensorBoardLog(folder: folder.tensorBoard, resumingAfter: resumed),
    ]
    let loop = TrainingLoop(
      recipe: recipe, stages: stages, store: store, listeners: logs + settings.listeners,
      shouldStop: settings.shouldStop, batches: batches)
    if let checkpoint {
      settings.notice("continuing after step \(checkpoint.state.step)")
      try loop.resume(from: checkpoint)
    }
    do {
      try loop.run()
    } catch let error as MohawkError where error.code == .interrupted {
      throw MohawkError(error.code, error.message, at: error.location, remedy: "give the same command again to continue")
    }
  }
}
