import Foundation
import MohawkFiles
import MohawkExport
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkText
import MohawkTensor
import MohawkTraining

/// What pretraining and distillation share: a locked folder, its recipe, its logs, and going on where it stopped.
struct Run {
  let recipe: Recipe
  let folder: RunFolder
  let settings: RunSettings
  private let lock: RunLock
  private let store: CheckpointStore
  private let isOtherRecipe: Bool

  /// Takes the folder; nothing but a lock is written yet.
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
      let list = changes.prefix(5).joined(separator: "; ")
      isOtherRecipe = theirs.fingerprint != recipe.fingerprint
      if isOtherRecipe, try hasBegun {
        throw MohawkError(
          .mismatch, "this folder holds a run of another recipe: \(list)", at: folder.path,
          remedy: "continue it with its own recipe (-r \(folder.recipe)), or choose another folder")
      }
      if !changes.isEmpty, !folder.isFinished { settings.notice("changed since the last start: \(list)") }
    } else {
      isOtherRecipe = false
    }
  }

  /// Whether a step was made or a model finished here: then the folder belongs to its recipe.
  private var hasBegun: Bool {
    get throws { try folder.isFinished || folder.has(folder.metrics) || !store.folders().isEmpty }
  }

  /// Writes the recipe into the folder, once all that it names was found. What a start with another recipe prepared
  /// before it failed is removed.
  func claim() throws {
    if isOtherRecipe { try? FileManager.default.removeItem(atPath: folder.data) }
    try store.removeLeftovers()
    folder.removeLeftovers()
    try AtomicFile.write(recipe.yaml, to: folder.recipe)
  }

  /// Whether the run has been saved since it began, so that it goes on from weights of its own.
  var hasCheckpoint: Bool { get throws { try !store.folders().isEmpty } }

  /// Trains the stages to their end, from the newest good checkpoint when there is one.
  func train(_ stages: [any TrainingStage], batches: @escaping TrainingLoop.Batches) throws {
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
    Runtime.releaseFreedMemory()  // what only the making of models and data needed
    do {
      try loop.run()
    } catch let error as MohawkError where error.code == .interrupted {
      throw MohawkError(
        error.code, error.message, at: error.location, remedy: "give the same command again to continue")
    }
  }

  /// Writes the report, then the finished model, whose folder says that the run has come to its end. The model is read
  /// back before it gets its place.
  /// - Parameter source: the folder whose tokenizer files the model takes over.
  func finish(_ model: Decoder, _ tokenizer: Tokenizer, carryingFrom source: String? = nil) throws {
    let report = try RunReport(folder: folder.path)
    try report.write()
    let model = model.withRoles(of: tokenizer)
    let format = model.configuration.format
    let card = report.modelCard(format: format.rawValue, opens: format.openedBy, teacher: recipe.teacher)
    try AtomicFolder.create(folder.model) { partial in
      try ModelFolder.write(model, to: partial, carryingFrom: source, tokenizer: tokenizer, card: card)
    }
  }
}

extension Decoder {
  /// The same model, with the ids that a tokenizer gives a meaning where its `config.json` gave none.
  func withRoles(of tokenizer: Tokenizer) -> Decoder {
    var roles = configuration.tokens
    if roles.ends.isEmpty { roles.ends = tokenizer.ends.map { Int($0) } }
    if roles.beginning == nil, let start = tokenizer.beginningOfText ?? tokenizer.endOfText {
      roles.beginning = Int(start)
    }
    if roles == configuration.tokens { return self }
    var configuration = configuration
    configuration.tokens = roles
    return described(by: configuration)
  }
}

extension Recipe {
  /// Refuses sequences that a model cannot look at.
  /// - Parameter name: what to call the bound.
  func requireLengths(within longest: Int?, of name: String) throws {
    let lengths = [
      ("data.sequenceLength", data.sequenceLength), ("evaluation.sequenceLength", evaluation.sequenceLength ?? 0),
    ]
    for (key, length) in lengths where length > longest ?? length {
      throw MohawkError(
        .invalidValue, "sequences of \(length) tokens are longer than \(name), \(longest ?? 0)", at: key,
        remedy: "set it to \(longest ?? 0) or less")
    }
  }
}
