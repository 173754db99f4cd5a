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
  /// What trains, in order.
  let stages: [StageName]
  /// Where a checkpoint's state carries the fingerprint of what the run learns from.
  private static let sourcesKey = "sources"
  private let lock: RunLock?
  let store: CheckpointStore
  private let isOtherRecipe: Bool

  /// Takes the folder; nothing but a lock is written yet.
  /// - Throws: `MohawkError` when another process runs in it, or it belongs to another recipe.
  init(_ recipe: Recipe, _ folder: RunFolder, _ settings: RunSettings, stages: [StageName]) throws {
    try recipe.validate()
    try recipe.requireRanks(settings.ranks, stages: stages)
    if settings.writes { try AtomicFolder.ensure(folder.path) }
    lock = settings.writes ? try RunLock(folder: folder.path) : nil
    self.recipe = recipe
    self.folder = folder
    self.settings = settings
    self.stages = stages
    store = CheckpointStore(folder: folder.path, keep: recipe.checkpoints.keep)
    if let from = settings.from, !stages.contains(from) {
      throw MohawkError(
        .invalidValue, "\(from.rawValue) is no stage of this run", at: "--from",
        remedy: "its stages are \(stages.map(\.rawValue).joined(separator: ", "))")
    }
    guard folder.has(folder.recipe) else {
      isOtherRecipe = false
      return
    }
    let change = recipe.change(from: try RecipeLoader.load(folder.recipe), stages: stages)
    let list = change.differences.joined(separator: "; ")
    isOtherRecipe = change.decides
    if change.decides, folder.isFinished {
      throw MohawkError(
        .mismatch, "this run is finished, with another recipe: \(list)", at: folder.path,
        remedy: try waysOnFromTheEnd(change))
    }
    if change.decides, let unsupportedFeature = try unsupportedFeature(to: change) {
      throw MohawkError(
        .mismatch, "this folder holds a run of another recipe: \(list)", at: folder.path, remedy: unsupportedFeature)
    }
    if !change.differences.isEmpty, !folder.isFinished { settings.notice("changed since the last start: \(list)") }
  }

  /// What to do instead where a changed recipe cannot be the run's; nil where it can: before a run has begun, and of keys
  /// of a stage before that stage has.
  private func unsupportedFeature(to change: RecipeChange) throws -> String? {
    let other = "continue it with its own recipe (-r \(folder.recipe)), or choose another folder"
    guard let first = change.firstStage else {
      return try folder.has(folder.metrics) || !store.folders().isEmpty ? other : nil
    }
    guard let saved = try store.newestState(), first <= saved.stageIndex else { return nil }
    if let from = settings.from, let start = stages.firstIndex(of: from), start <= first { return nil }
    return
      "continue it with its own recipe (-r \(folder.recipe)), begin the stage again with --from \(stages[first].rawValue), or choose another folder"
  }

  /// What can be done instead of changing a finished run, whose model stays as it is.
  private func waysOnFromTheEnd(_ change: RecipeChange) throws -> String {
    let fresh = "give these keys a run of their own with --output OTHER"
    guard let first = change.firstStage, first > 0, try store.end(ofStage: first - 1) != nil else {
      let reason =
        change.firstStage.map { stage in
          stage == 0 ? "" : "; the end of \(stages[stage - 1].rawValue), from which it could begin, was not kept"
        } ?? ""
      return fresh + reason
    }
    return fresh
      + ", or begin \(stages[first].rawValue) again in a copy: cp -r \(folder.path) OTHER && rm -r OTHER/model, then this command with --output OTHER --from \(stages[first].rawValue)"
  }

  /// Writes the recipe into the folder, once all that it names was found. What a start with another recipe prepared
  /// before it failed is removed.
  func claim() throws {
    guard settings.writes else { return }
    if isOtherRecipe, try !hasCheckpoint { try? FileManager.default.removeItem(atPath: folder.data) }
    try store.removeLeftovers()
    folder.removeLeftovers()
    try AtomicFile.write(recipe.yaml, to: folder.recipe)
  }

  /// Whether the run has been saved since it began, so that it goes on from weights of its own.
  var hasCheckpoint: Bool { get throws { try !store.folders().isEmpty } }

  /// Trains the stages to their end.
  /// - Parameters:
  ///   - stages: what trains, in order.
  ///   - checkpoint: what `start` gave.
  ///   - sources: the fingerprint of what is learnt from.
  ///   - batches: the tokens of every step.
  func train(
    _ stages: [any TrainingStage], from checkpoint: Checkpoint?, sources: String,
    batches: @escaping TrainingLoop.Batches
  ) throws {
    if let checkpoint, let theirs = checkpoint.state.extra[Self.sourcesKey], theirs != sources {
      throw MohawkError(
        .mismatch, "text, teacher or tokenizer are others than those that this checkpoint has learnt from",
        at: checkpoint.path, remedy: "put back what was there, or start another run in another folder")
    }
    let loop = TrainingLoop(
      recipe: recipe, stages: stages, store: store,
      listeners: settings.writes ? try logs(resumingAfter: checkpoint?.state.step) + settings.listeners : [],
      extra: [Self.sourcesKey: sources], shouldStop: settings.shouldStop, ranks: settings.ranks, batches: batches)
    if let checkpoint {
      settings.notice("continuing after step \(checkpoint.state.step)")
      try loop.resume(from: checkpoint)
    }
    if settings.writes { try settings.ranks?.announce(RankEvent.prepared) }
    Runtime.releaseFreedMemory()  // what only the making of models and data needed
    do {
      try loop.run()
    } catch let error as MohawkError where error.code == .interrupted {
      throw MohawkError(
        error.code, error.message, at: error.location, remedy: "give the same command again to continue")
    }
  }

  private func logs(resumingAfter step: Int?) throws -> [any TrainingListener] {
    if step == nil { try? FileManager.default.removeItem(atPath: folder.metrics) }
    return [
      try MetricsLog(folder.metrics, resumingAfter: step),
      try TensorBoardLog(folder: folder.tensorBoard, resumingAfter: step),
    ]
  }

  /// The checkpoint to go on from: the newest good one, or the end of the stage before the one that begins again; nil when
  /// the run starts from its first step.
  func start() throws -> Checkpoint? {
    let (newest, skipped) = try store.newest()
    for damaged in skipped { settings.notice("skipping a damaged checkpoint: \(damaged.reason)") }
    if newest == nil, !skipped.isEmpty {
      throw MohawkError(
        .invalidFormat, "all checkpoints of this run are damaged", at: folder.path,
        remedy: "remove its checkpoint folders to start again")
    }
    guard let newest else { return nil }
    let change = try recipe.change(from: newest.parsedRecipe(), stages: stages)
    guard change.decides, let first = change.firstStage else { return newest }
    if first > newest.state.stageIndex {
      try note(change, at: newest.state.step)
      return newest
    }
    // Where nothing has changed since the stage began again, the same command goes on with it.
    guard let from = settings.from, let index = stages.firstIndex(of: from), index <= first else { return newest }
    let before = index == 0 ? nil : try store.end(ofStage: index - 1)
    if index > 0, before == nil {
      throw MohawkError(
        .missingFile,
        "no checkpoint from the end of \(stages[index - 1].rawValue) is left to begin \(from.rawValue) from",
        at: folder.path, remedy: "choose another folder, and run the stages before it again")
    }
    let place = before.map { "from the end of \(stages[$0.state.stageIndex].rawValue)" } ?? "from the start of the run"
    settings.notice("\(from.rawValue) begins again \(place)")
    try note(change, at: before?.state.step ?? 0)
    if settings.writes { try store.removeAll(after: before?.state.step ?? -1) }
    return before
  }

  /// Keeps for the report what was changed, and where.
  private func note(_ change: RecipeChange, at step: Int) throws {
    guard settings.writes, let first = change.firstStage else { return }
    let note = RunChange(stage: stages[first], step: step, differences: change.differences)
    let known = try RunReport(folder: folder.path).changes
    guard !known.contains(note) else { return }
    try RunReport.save(known + [note], as: RunReport.FileName.changes, in: folder.path)
  }

  /// Writes the report, then the finished model, whose folder says that the run has come to its end. The model is read
  /// back before it gets its place.
  /// - Parameter source: the folder whose tokenizer files the model takes over.
  func finish(_ model: Decoder, _ tokenizer: Tokenizer, carryingFrom source: String? = nil) throws {
    let report = try RunReport(folder: folder.path)
    try report.write()
    let model = model.withRoles(of: tokenizer)
    let format = model.configuration.format
    let card = report.modelCard(format: format.rawValue, opens: model.configuration.openedBy, teacher: recipe.teacher)
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
