import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText
import MohawkTraining

/// Writes down once what a teacher says of the sequences that a recipe's stages train on.
public final class SignalRun {
  /// How far it is.
  public struct Progress: Sendable {
    /// Tokens that the teacher has read since this start, and those that it had to read.
    public var tokens, total: Int
    /// Bytes of signals written since this start.
    public var bytes: Int
    /// Seconds since this start.
    public var seconds: Double
  }

  /// Whose stages the signals are for.
  public let recipe: Recipe
  /// Where they are written; also the place of the encoded text.
  public let folder: RunFolder
  let top: Int
  let keepsInputs: Bool
  let settings: RunSettings
  /// Told after every batch.
  public var progress: (Progress) -> Void = { _ in }
  /// Bytes of a shard; what a killed start can lose.
  var shardBytes = 1 << 27
  /// Bytes that the disk of a folder has left.
  var space: (String) throws -> Int = DiskSpace.available

  /// Nothing happens before `run`.
  /// - Parameters:
  ///   - recipe: the run whose stages will learn from the signals.
  ///   - folder: where they are written.
  ///   - top: ids kept of every position, for stage 3.
  ///   - keepsInputs: whether the inputs of the layers are kept, for stages 1 and 2.
  ///   - settings: where notices go, and what stops the work.
  public init(
    _ recipe: Recipe, folder: String, top: Int, keepsInputs: Bool = false, _ settings: RunSettings = RunSettings()
  ) {
    self.recipe = recipe.withAbsolutePaths
    self.folder = RunFolder(folder)
    self.top = top
    self.keepsInputs = keepsInputs
    self.settings = settings
  }

  /// What is to be computed of one stage's sequences.
  private struct Work {
    var part: SignalManifest.Part
    /// Samples, each of another sequence.
    var samples: [Int]
    /// Sequences of a pass.
    var rows: Int
  }

  /// Writes what the folder does not hold yet.
  /// - Returns: what it holds then.
  /// - Throws: `MohawkError`; of code `interrupted` when it was asked to stop, after saving.
  @discardableResult
  public func run() throws -> SignalManifest {
    try recipe.validate()
    guard let teacherPath = recipe.teacher else {
      throw MohawkError(.invalidValue, "there is no teacher", at: "teacher", remedy: "give --teacher FOLDER")
    }
    let stages = recipe.stages.filter { stage in
      switch part(of: stage) {
      case .top: true
      case .inputs: keepsInputs
      case nil: false
      }
    }
    guard !stages.isEmpty else {
      throw MohawkError(
        .invalidValue, "the recipe has no stage 3, and the inputs of layers are not asked for", at: "stages",
        remedy: "give --layer-inputs for stages that compare single layers, or a recipe with stage distillation")
    }
    try AtomicFolder.ensure(folder.path)
    let lock = try RunLock(folder: folder.path)
    folder.removeLeftovers()
    return try withExtendedLifetime(lock) { try write(stages, teacherPath) }
  }

  private func part(of stage: StageName) -> SignalManifest.Part? { SignalManifest.Part(for: recipe[stage].loss) }

  private func write(_ stages: [StageName], _ teacherPath: String) throws -> SignalManifest {
    let device = try Device(named: recipe.device)
    let teacher = try Decoder.open(teacherPath, compute: recipe.precision.compute, on: device)
    try teacher.requireFiniteWeights(at: teacherPath)
    try recipe.requireLengths(within: teacher.maxLength, of: "what the teacher can look at")
    guard (1...teacher.vocabulary).contains(top) else {
      throw MohawkError(
        .outOfRange, "--top is \(top), and the teacher's head has \(teacher.vocabulary) rows", at: teacherPath,
        remedy: "use 1 to \(teacher.vocabulary)")
    }
    _ = try teacher.configuration.student(recipe.student)
    var attention = recipe.student.attentionLayers
    if let rule = recipe.student.attention, !rule.isOfHeads {
      if let named = rule.layers(of: teacher.blocks.count) {
        attention = named
      } else if keepsInputs {
        throw MohawkError(
          .invalidValue, "\(rule) finds layers in the run, and inputs of layers are kept by their numbers",
          at: "student.attention", remedy: "name the layers in student.attentionLayers, or leave out --layer-inputs")
      }
    }
    let layers = teacher.configuration.layers.indices.filter { !attention.contains($0) }
    let tokenizerPath = recipe.data.tokenizer ?? teacherPath
    let tokenizer = try RunData.requireTokenizer(tokenizerPath, vocabulary: teacher.vocabulary)
    try recipe.requireOwnTokenizer(tokenizer, of: teacherPath)
    let wanted = SignalManifest(
      source: .init(teacher, try TeacherDigest.of(teacher, at: teacherPath), tokenizer, recipe),
      top: stages.contains { part(of: $0) == .top } ? top : nil,
      layers: stages.contains { part(of: $0) == .inputs } ? layers : nil, teacherFolder: teacherPath,
      text: recipe.data.train, seed: recipe.seed)
    let writer = try SignalWriter(folder.path, wanted, shardBytes: shardBytes)
    let data = try prepare(tokenizerPath, vocabulary: teacher.vocabulary, device)
    let work = work(stages, data, writer)
    try requireSpace(work, writer.manifest)
    teacher.freeze()
    teacher.materialize()
    try compute(work, teacher, data, writer)
    return writer.manifest
  }

  /// The text, encoded again when an earlier start's recipe was another one.
  private func prepare(_ tokenizerPath: String, vocabulary: Int, _ device: Device) throws -> RunData {
    if folder.has(folder.recipe), try recipe.change(from: RecipeLoader.load(folder.recipe)).decides {
      try? FileManager.default.removeItem(atPath: folder.data)
    }
    try AtomicFile.write(recipe.yaml, to: folder.recipe)
    return try RunData.prepare(
      recipe, folder, tokenizerPath: tokenizerPath, vocabulary: vocabulary, device: device,
      hasLearnt: false, stream: 1, notice: settings.notice, shouldStop: settings.shouldStop)
  }

  private func work(_ stages: [StageName], _ data: RunData, _ writer: SignalWriter) -> [Work] {
    stages.compactMap { stage in
      guard let part = part(of: stage) else { return nil }
      let samples = data.sequences(recipe.samples(of: stage)).filter { writer.promise(part, data.ids(sample: $0)) }
      let plan = recipe[stage]
      return Work(
        part: part, samples: samples,
        rows: max(1, (plan.microBatchTokens ?? plan.batchTokens) / recipe.data.sequenceLength))
    }
  }

  /// Tells what is to be done and what it takes on disk, and refuses what does not fit.
  private func requireSpace(_ work: [Work], _ manifest: SignalManifest) throws {
    var needed = 0
    for part in SignalManifest.Part.allCases {
      let tokens = work.filter { $0.part == part }.reduce(0) { $0 + $1.samples.count } * recipe.data.sequenceLength
      guard tokens > 0 else { continue }
      let perToken = manifest.bytesPerToken(part)
      needed += tokens * perToken
      let what =
        part == .top
        ? "top \(manifest.top ?? 0) of \(manifest.source.vocabulary) probabilities"
        : "inputs of \(manifest.layers?.count ?? 0) layers"
      settings.notice("\(what): \(tokens) tokens of \(perToken) bytes, \(Number.bytes(tokens * perToken))")
    }
    if needed == 0 { return settings.notice("\(folder.path) holds all signals of this recipe") }
    let free = try space(folder.path)
    settings.notice("the disk has \(Number.bytes(free)) left")
    guard needed < free else {
      throw MohawkError(
        .diskFull, "these signals need \(Number.bytes(needed)), and the disk has \(Number.bytes(free)) left",
        at: folder.path,
        remedy: "choose another disk, fewer tokens or a smaller --top")
    }
  }

  private func compute(_ work: [Work], _ teacher: Decoder, _ data: RunData, _ writer: SignalWriter) throws {
    let length = recipe.data.sequenceLength
    let start = ContinuousClock.now
    var done = Progress(tokens: 0, total: work.reduce(0) { $0 + $1.samples.count } * length, bytes: 0, seconds: 0)
    for item in work {
      for first in stride(from: 0, to: item.samples.count, by: item.rows) {
        if settings.shouldStop() {
          try writer.flush()
          throw MohawkError(
            .interrupted, "stopped after \(done.tokens) of \(done.total) tokens, which are saved", at: folder.path,
            remedy: "give the same command again to continue")
        }
        let samples = item.samples[first..<min(first + item.rows, item.samples.count)]
        let tokens = Tensor.concatenated(samples.map { data.batch(samples: $0..<$0 + 1) }, 0)
        switch item.part {
        case .top: try writer.add(tokens, SignalPass.top(teacher, tokens, count: writer.manifest.top ?? top))
        case .inputs:
          try writer.add(tokens, SignalPass.inputs(teacher, tokens, of: writer.manifest.layers ?? []))
        }
        done.tokens += samples.count * length
        done.bytes += samples.count * length * writer.manifest.bytesPerToken(item.part)
        done.seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
        progress(done)
      }
    }
    try writer.flush()
  }
}
