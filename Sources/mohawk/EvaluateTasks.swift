import Foundation
import MohawkCommands
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
  let device: Device
  let window: Int?
  let windowOff: Bool
  let output: String?
  let keepsSamples: Bool

  func run() throws {
    if keepsSamples, output == nil {
      throw MohawkError(.invalidValue, "--log-samples has nowhere to write", remedy: "give --output FOLDER")
    }
    if let output { try AtomicFolder.ensure(output) }
    func contestant(_ folder: String, windowOff: Bool) throws -> TaskEvaluation.ModelUnderTest {
      .init(
        try EvaluatedModel.open(
          folder, weights: weights, window: window, attentionWindowOff: windowOff, on: device),
        folder: folder, precision: weights?.rawValue ?? "as stored")
    }
    let mine = try contestant(student, windowOff: windowOff)
    let theirs = try teacher.map { try contestant($0, windowOff: false) }
    var evaluation = TaskEvaluation(tasks, limit: options.limit)
    evaluation.folder = output
    evaluation.keepsSamples = keepsSamples
    let line = StatusLine()
    evaluation.progress = { role, progress in
      line.show(progress.text(role), isDone: progress.done == progress.total)
    }
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

extension TaskProgress {
  fileprivate func text(_ role: String) -> String {
    let speed = seconds > 0 ? Double(tokens) / seconds : 0
    return "\(role) \(task) \(Number.whole(done))/\(Number.whole(total)), \(Number.whole(Int(speed))) tokens/s"
  }
}
