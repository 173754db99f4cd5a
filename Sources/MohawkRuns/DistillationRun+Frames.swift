import Foundation
import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

extension DistillationRun {
  /// Whether the recipe asks for a frame that the finished run does not have yet.
  func lacksFrames(_ summary: EvaluationSummary) -> Bool {
    let known = Set((summary.frames ?? []).map(\.name))
    return recipe.frames.contains { !known.contains($0.rawValue) }
  }

  /// Makes the frames of the recipe that are not there yet, and puts all of them beside the finished student. A frame
  /// that trains is a run of its own in a folder of this one.
  /// - Returns: the summary with them, which is written with the report.
  func addFrames(to summary: EvaluationSummary, _ teacherPath: String) throws -> EvaluationSummary {
    guard lacksFrames(summary) else { return summary }
    guard !summary.layers.isEmpty else {
      throw MohawkError(
        .missingFile, "this run is finished, but its evaluation, beside which frames stand, cannot be read",
        at: "\(folder.path)/\(RunReport.FileName.evaluation)", remedy: "repeat the run in another folder")
    }
    let student = try DecoderConfiguration(folder: folder.model)
    if let rule = recipe.student.attention {
      recipe.student.attentionHeads =
        rule.isOfHeads
        ? student.keptHeads.enumerated().flatMap { layer, heads in heads.map { AttentionHead(layer: layer, head: $0) } }
        : []
      recipe.student.attentionLayers = student.layers.indices.filter { student.layers[$0].attention != nil }
      recipe.student.attention = nil
    }
    let known = Dictionary((summary.frames ?? []).map { ($0.name, $0) }) { first, _ in first }
    let frames = try StudentFrame.allCases.compactMap { frame -> EvaluationSummary.Frame? in
      if let known = known[frame.rawValue] { return known }
      guard recipe.frames.contains(frame) else { return nil }
      if settings.shouldStop() {
        throw MohawkError(
          .interrupted, "stopped before the frame '\(frame.rawValue)'", at: folder.path,
          remedy: "give the same command again to continue")
      }
      settings.notice("frame '\(frame.rawValue)'")
      let changed = recipe.frame(
        frame, layers: student.layers.count, headDim: student.shared(Mamba2Configuration.self)?.headDim)
      return try changed.map { try trained(frame, $0) } ?? window(teacherPath)
    }
    let (tokens, seconds) = try spent(folder)
    var framed = summary
    framed.frames =
      [
        .init("teacher", perplexity: summary.teacherPerplexity),
        .init(
          "student", divergence: summary.divergence, perplexity: summary.studentPerplexity,
          agreement: summary.agreement, tokens: tokens, seconds: seconds),
      ] + frames
    var stored = try RecipeLoader.load(folder.recipe)
    stored.frames = recipe.frames + stored.frames.filter { !recipe.frames.contains($0) }
    try AtomicFile.write(stored.yaml, to: folder.recipe)
    try RunReport.save(framed, as: RunReport.FileName.evaluation, in: folder.path)
    try RunReport(folder: folder.path).write()
    return framed
  }

  /// Trains a frame, or goes on with it, in its own folder.
  private func trained(_ frame: StudentFrame, _ recipe: Recipe) throws -> EvaluationSummary.Frame {
    var recipe = recipe
    // Signals of layers alone say nothing about stage 3.
    let loss = recipe.distillation.loss
    if let path = recipe.signals, try TeacherSignals(path).part(for: loss) == nil { recipe.signals = nil }
    var own = settings
    own.from = nil
    own.notice = { [settings] in settings.notice("\(frame.rawValue): \($0)") }
    let run = DistillationRun(recipe, folder: folder.frame(frame), own)
    run.decodeContexts = []
    try shareData(with: run.folder)
    let summary = try run.run()
    let (tokens, seconds) = try spent(run.folder)
    return .init(
      frame.rawValue, divergence: summary.divergence, perplexity: summary.studentPerplexity,
      agreement: summary.agreement, tokens: tokens, seconds: seconds)
  }

  /// Lets a frame read the text that this run has encoded.
  private func shareData(with frame: RunFolder) throws {
    let files = FileManager.default
    try AtomicFolder.ensure(frame.path)
    if frame.has(frame.data) { return }
    // A link to what is gone counts as none.
    try? files.removeItem(atPath: frame.data)
    guard folder.has(folder.data) else { return }
    do {
      try files.createSymbolicLink(atPath: frame.data, withDestinationPath: "../../data")
    } catch {
      throw MohawkError(
        .notWritable, "the text of the run cannot be linked to: \(error.localizedDescription)", at: frame.data,
        remedy: "use a disk that has symbolic links")
    }
  }

  /// The teacher with softmax in a window beside the first tokens; nothing is trained.
  private func window(_ teacherPath: String) throws -> EvaluationSummary.Frame {
    let device = try Device(named: recipe.device)
    let teacher = try Decoder.open(teacherPath, compute: recipe.precision.compute, on: device)
    let data = try RunData.prepare(
      recipe, folder, tokenizerPath: recipe.data.tokenizer ?? teacherPath, vocabulary: teacher.vocabulary,
      device: device, teacher: try TeacherDigest.of(teacher, at: teacherPath), hasLearnt: true, stream: 1,
      notice: settings.notice, shouldStop: settings.shouldStop)
    teacher.freeze()
    teacher.materialize()
    let windowed = teacher.windowed(
      StudentFrame.windowTokens, sinks: StudentFrame.windowSinks, except: Set(recipe.student.attentionLayers))
    let comparison = Comparison.measure(teacher: teacher, student: windowed, data.heldOut)
    return .init(
      StudentFrame.window.rawValue, divergence: comparison.kl, perplexity: comparison.student.value,
      agreement: comparison.agreement, tokens: 0, seconds: 0)
  }

  /// Tokens and seconds of a run's stages.
  private func spent(_ folder: RunFolder) throws -> (tokens: Int, seconds: Double) {
    let stages = try RunReport(folder: folder.path).stages
    return (stages.reduce(0) { $0 + $1.tokens }, stages.reduce(0) { $0 + $1.seconds })
  }
}
