import Foundation
import MohawkDecoding
import MohawkEvaluation
import MohawkFiles
import MohawkReports
import MohawkRuns
import MohawkTensor

/// The part of `mohawk evaluate` that puts tasks to models.
struct EvaluateTasks {
  let tasks: [EvaluationTask]
  let options: TaskOptions
  let student: String
  let teacher: String?
  let weights: WeightPrecision?
  let window: Int?
  let output: String?
  let keepsSamples: Bool

  func run() throws {
    if keepsSamples, output == nil {
      throw MohawkError(.invalidValue, "--log-samples has nowhere to write", remedy: "give --output FOLDER")
    }
    if let output { try AtomicFolder.ensure(output) }
    func contestant(_ folder: String) throws -> TaskEvaluation.Contestant {
      .init(
        try EvaluatedModel.open(folder, weights: weights, window: window), folder: folder,
        precision: weights?.rawValue ?? "as stored")
    }
    let mine = try contestant(student)
    let theirs = try teacher.map(contestant)
    var evaluation = TaskEvaluation(tasks, limit: options.limit)
    evaluation.folder = output
    evaluation.keepsSamples = keepsSamples
    let line = TaskLine()
    evaluation.progress = { line.show($0, $1) }
    defer { line.clear() }
    let comparison = try evaluation.run(student: mine, teacher: theirs)
    line.clear()
    Terminal.say(comparison.table.text)
    if let output { try rewriteReport(of: output) }
  }

  /// The page of a run shows its tasks too.
  private func rewriteReport(of folder: String) throws {
    let isRun = [RunReport.FileName.recipe, RunReport.FileName.metrics].contains {
      FileManager.default.fileExists(atPath: folder + "/" + $0)
    }
    if isRun { try RunReport(folder: folder).write() }
  }
}

/// One line on standard error that tells how far a task is: redrawn on a terminal, else one line for each task.
final class TaskLine {
  private var last = ContinuousClock.now
  private var shown = ""

  func show(_ role: String, _ progress: TaskProgress) {
    let isDone = progress.done == progress.total
    guard isDone || Terminal.redraws && last.duration(to: .now) > .milliseconds(100) else { return }
    last = .now
    let speed = progress.seconds > 0 ? Double(progress.tokens) / progress.seconds : 0
    let text =
      "\(role) \(progress.task) \(Number.whole(progress.done))/\(Number.whole(progress.total)), "
      + "\(Number.whole(Int(speed))) tokens/s"
    if Terminal.redraws {
      clear()
      shown = String(text.prefix(max(20, Terminal.width - 1)))
      Terminal.draw(shown)
    } else {
      Terminal.complain(text)
    }
  }

  func clear() {
    if !shown.isEmpty { Terminal.draw("\r" + String(repeating: " ", count: shown.count) + "\r") }
    shown = ""
  }
}
