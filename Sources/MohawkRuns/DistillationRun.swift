import Foundation
import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkServing
import MohawkTensor
import MohawkText
import MohawkTraining

/// Distils a teacher by the recipe's stages in a run folder; the finished student lies in `folder.model`.
public final class DistillationRun {
  /// What is done; the layers that keep attention are in it once a rule of it has found them.
  public internal(set) var recipe: Recipe
  /// Where everything of the run lies.
  public let folder: RunFolder
  let settings: RunSettings
  /// The newest distances of layers; every stage is measured right before it ends.
  var measured: LayerDistances?
  /// Told before the first step what both models are, and where every parameter of the student comes from.
  public var onStart: (RunStart, [WeightTransferRow]) -> Void = { _, _ in }
  /// Contexts at which the cost of the next token is measured at the end.
  public var decodeContexts = [128, 1024]

  /// Nothing happens before `run`.
  public init(_ recipe: Recipe, folder: String, _ settings: RunSettings = RunSettings()) {
    self.recipe = recipe.withAbsolutePaths
    self.folder = RunFolder(folder)
    self.settings = settings
  }

  /// Runs to the end, or goes on where an earlier start was stopped. A finished run is left as it is.
  /// - Throws: `MohawkError`; of code `interrupted` when it was asked to stop, after saving.
  @discardableResult
  public func run() throws -> EvaluationSummary {
    guard let teacherPath = recipe.teacher else {
      throw MohawkError(
        .invalidValue, "there is no teacher", at: "teacher",
        remedy: "give --teacher FOLDER; mohawk pretrain makes one when you have none")
    }
    guard try settings.waitsForTraining() else { return EvaluationSummary(tokens: 0) }
    let run = try Run(recipe, folder, settings, stages: settings.part == nil ? recipe.stages : recipe.layerStages)
    try folder.requirePart(settings.part)
    // The lock is held to the end.
    return try withExtendedLifetime(run) {
      let summary: EvaluationSummary
      if let part = settings.part {
        try train(part, run, teacherPath)
        return EvaluationSummary(tokens: 0)
      }
      if folder.isFinished {
        summary = try RunReport(folder: folder.path).evaluation ?? EvaluationSummary(tokens: 0)
        if !lacksFrames(summary) { settings.notice("\(folder.path) is finished already") }
      } else {
        summary = try distil(run, teacherPath)
      }
      return settings.writes ? try addFrames(to: summary, teacherPath) : summary
    }
  }

  /// Trains and measures the student. Both models are gone when it returns.
  private func distil(_ run: Run, _ teacherPath: String) throws -> EvaluationSummary {
    let tasks = try self.tasks()
    let (pair, teacher, student, data) = try train(run, teacherPath)
    guard settings.writes else { return EvaluationSummary(tokens: 0) }
    student.freeze()
    if let tasks { try put(tasks, to: student, teacher, at: teacherPath, data.tokenizer) }
    return try finish(pair, student, data, run)
  }

  /// Makes both models, and trains the stages of a run.
  func train(_ run: Run, _ teacherPath: String) throws -> (
    pair: DistillationPair, teacher: Decoder, student: Decoder, data: RunData
  ) {
    let device = try Device(named: recipe.device)
    let compute = recipe.precision.compute
    if device.usesMainMemory {
      try RunPlan(recipe, measures: false, ranks: settings.ranks?.place.size ?? 1).requireMemory()
    }
    let teacher = try Decoder.open(teacherPath, compute: compute, on: device)
    try teacher.requireFiniteWeights(at: teacherPath)
    try recipe.requireLengths(within: teacher.maxLength, of: "what the teacher can look at")
    let tokenizerPath = recipe.data.tokenizer ?? teacherPath
    let tokenizer = try RunData.requireTokenizer(tokenizerPath, vocabulary: teacher.vocabulary)
    try recipe.requireOwnTokenizer(tokenizer, of: teacherPath)
    let digest = try TeacherDigest.of(teacher, at: teacherPath)
    func prepared() throws -> RunData {
      try RunData.prepare(
        recipe, folder, tokenizerPath: tokenizerPath, vocabulary: teacher.vocabulary, device: device,
        teacher: digest, hasLearnt: run.hasCheckpoint, stream: 1, notice: settings.notice,
        shouldStop: settings.shouldStop)
    }
    recipe = try withAttentionLayers(recipe, of: teacher) {
      try run.claim()
      return try prepared()
    }
    let signals = try self.signals(of: teacher, digest, tokenizer)
    let start = teacher.configuration.start(recipe.student)
    let studentConfiguration = try teacher.configuration.student(recipe.student)
    try studentConfiguration.requireMemory(at: "student")
    let student = Decoder.fresh(
      studentConfiguration, seed: recipe.seed, compute: compute, on: device)
    let transfer = try WeightTransfer.run(
      teacher: teacher, student: student, start: start
    ).map { $0.report(start: start, of: student.configuration) }
    var pair = try DistillationPair(teacher: teacher, student: student)
    pair.copied = Set(transfer.filter { $0.teacher != nil }.map(\.student))
    if start.needsText {
      try ContextStart.require(pair, drawn: start == .scaled)
      pair.copied.formUnion(transfer.map(\.student).filter(ContextStart.isCopied))
    }
    // All that can be wrong with the stages is found out before the text is encoded.
    _ = try stages(recipe.stages, pair, nil, signals)
    if let part = settings.part { try divide(&pair, part) }
    try run.claim()
    var shown = recipe
    shown.stages = run.stages
    let facts = RunStart(
      pair, teacher: teacher, student: student, tokenizer: tokenizer, transfer: transfer, recipe: shown,
      signals: signals)
    if settings.writes {
      onStart(facts, transfer)
      try RunReport.save(facts, as: RunReport.FileName.start, in: folder.path)
      try RunReport.save(transfer, as: RunReport.FileName.transfer, in: folder.path)
    }

    let data = try prepared()
    try requireAll(signals, of: data)
    let checkpoint = try run.start()
    if checkpoint == nil, let repetition = data.repetition(recipe) { settings.notice(repetition) }
    if start.needsText, checkpoint == nil { try startFromText(pair, data, start) }
    let stages = try stages(run.stages, pair, data, signals)
    try run.train(stages, from: checkpoint, sources: data.sources) { stage, step in
      let plan = stages[stage].plan
      let rows = plan.batchTokens / self.recipe.data.sequenceLength
      let step = step % plan.stepsOfPass
      let first = self.recipe.samples(of: stages[stage].name).lowerBound
      return data.batch(samples: first + step * rows..<first + (step + 1) * rows, for: stages[stage])
    }
    return (pair, teacher, student, data)
  }

  /// The beginning of the held-out text, to show mixing matrices over: [1, at most 128].
  private func shownText(_ data: RunData) -> Tensor {
    let window = data.heldOut[0].narrowed(0, from: 0, length: 1)
    return window.narrowed(1, from: 0, length: min(128, window.size(1) - 1))
  }

  /// A stage that compares matrices is over: keeps them for the report, because later stages change them.
  func keepMatrices(_ pair: DistillationPair, _ data: RunData) throws {
    let matrices = Findings(pair, data.tokenizer).matrices(shownText(data))
    try RunReport.save(matrices, as: RunReport.FileName.orientedMatrices, in: folder.path)
  }

  private func matrices(_ findings: Findings, _ data: RunData) throws -> [MatrixPair] {
    var matrices = findings.matrices(shownText(data))
    let path = folder.path + "/" + RunReport.FileName.orientedMatrices
    guard recipe.stages.contains(where: { recipe[$0].loss.compares == .matrix }), folder.has(path) else {
      return matrices
    }
    let bytes = try MappedFile(path).withBytes { Data($0) }
    guard let oriented = try? JSONDecoder().decode([MatrixPair].self, from: bytes) else {
      settings.notice("\(path) cannot be read: the report does without it")
      return matrices
    }
    for index in matrices.indices {
      let (layer, head) = (matrices[index].layer, matrices[index].head)
      matrices[index].oriented = oriented.first { $0.layer == layer && $0.head == head }?.student
    }
    return matrices
  }

  /// The folder whose tokenizer files the student takes over: the teacher's, unless the recipe names another one.
  private var tokenizerSource: String? {
    guard let tokenizer = recipe.data.tokenizer else { return recipe.teacher }
    return tokenizer.hasSuffix("/tokenizer.json") ? String(tokenizer.dropLast("/tokenizer.json".count)) : nil
  }

  /// Measures, writes what was found, and last of all the student itself.
  private func finish(_ pair: DistillationPair, _ student: Decoder, _ data: RunData, _ run: Run) throws
    -> EvaluationSummary
  {
    settings.notice("measuring the student beside its teacher")
    let findings = Findings(pair, data.tokenizer)
    var summary = findings.summary(data.heldOut, bytes: data.heldOutBytes)
    // The end of a stage that compares outputs has said it.
    if recipe.stages.last.map({ !isJudgedByOutputs($0) }) ?? true {
      warn(outputErrors: summary.layers.map(\.outputError))
    }
    if recipe.data.train.isEmpty, let recall = findings.recall(prompts: 200) { summary.rows.append(recall) }
    let window = data.heldOut[0].selected(0, 0)
    let ids = window.integers().map(Int32.init)
    try RunReport.save(summary, as: RunReport.FileName.evaluation, in: folder.path)
    try RunReport.save(try matrices(findings, data), as: RunReport.FileName.matrices, in: folder.path)
    var options = SamplingOptions()
    options.temperature = 0
    let prompt = try data.tokenizer.decode(ids.prefix(min(64, ids.count / 2)), skippingSpecial: true)
    try RunReport.save(
      try findings.samples([prompt], tokens: 96, options: options), as: RunReport.FileName.samples, in: folder.path)
    try RunReport.save(
      findings.decodeCosts(contexts: decodeContexts, ids: ids), as: RunReport.FileName.decode, in: folder.path)
    try run.finish(student, data.tokenizer, carryingFrom: tokenizerSource)
    return summary
  }
}

extension WeightTransfer.Row {
  func report(start: StudentRecipe.Start, of student: DecoderConfiguration) -> WeightTransferRow {
    let how =
      if source != nil {
        "copied"
      } else if start.needsText, ContextStart.fits(parameter, of: student) {
        start == .scaled ? "set by the attention's look-back" : "fitted to the attention"
      } else {
        WeightTransfer.zeroInitialises(parameter, start) ? "set to 0" : "drawn afresh"
      }
    return WeightTransferRow(student: parameter, teacher: source, shape: shape, how: how)
  }
}
