import Foundation
import MohawkRecipes

/// What one run of a study has come to.
public struct StudyOutcome: Sendable {
  /// How far a run is.
  public enum State: String, Codable, Sendable {
    /// Not begun, begun but not finished, at its end, ended by an error.
    case waiting, begun, finished, failed
  }

  /// The arm's name.
  public let arm: String
  /// Its seed.
  public let seed: UInt64
  /// How far it is.
  public let state: State
  /// Why it failed.
  public let error: String?
  /// The final comparison; nil before the end.
  public let evaluation: EvaluationSummary?
  /// What both models reached in tasks.
  let tasks: TaskComparison?
  /// The course of each stage.
  let stages: [StageSummary]
  /// Mixing matrices, kept of the runs that are shown.
  let matrices: [MatrixPair]

  /// Reads a run's folder.
  /// - Parameters:
  ///   - run: which.
  ///   - folder: its folder; it may be missing.
  ///   - error: why the run failed; nil where it did not.
  ///   - keepsMatrices: whether the matrices are needed.
  init(_ run: Study.Run, folder: String, error: String?, keepsMatrices: Bool) {
    let report = try? RunReport(folder: folder)
    let isFinished = FileManager.default.fileExists(atPath: folder + "/model/config.json")
    arm = run.arm
    seed = run.seed
    self.error = error
    state = error != nil ? .failed : isFinished ? .finished : report?.info == nil ? .waiting : .begun
    evaluation = isFinished ? report?.evaluation : nil
    tasks = isFinished ? report?.tasks : nil
    stages = report?.stages ?? []
    matrices = keepsMatrices && isFinished ? report?.matrices ?? [] : []
  }

  /// Seconds in training.
  public var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }

  /// A measure by the name that a study's `report` calls it; nil where the run has none.
  ///
  /// `task/measure`, such as `needle_512/acc`, is the student's number in a task; a name that is not known is looked for
  /// among the run's further measures, such as `bits per byte`.
  public func value(_ measure: String) -> Double? {
    guard let evaluation else { return nil }
    func mean(_ part: (EvaluationSummary.LayerDistance) -> Double?) -> Double? {
      Spread(evaluation.layers.filter { !$0.keepsAttention }.compactMap(part))?.mean
    }
    switch measure {
    case "KL": return evaluation.divergence
    case "perplexity": return evaluation.studentPerplexity
    case "teacher perplexity": return evaluation.teacherPerplexity
    case "agreement": return evaluation.agreement
    case "matrix error": return mean(\.matrixError)
    case "weighted error": return mean(\.weightedError)
    case "output error": return mean(\.outputError)
    case "seconds": return seconds
    case "tokens": return Double(stages.reduce(0) { $0 + $1.tokens })
    default:
      if let row = evaluation.rows.first(where: { $0.name == measure }) { return row.student }
      let rows = tasks?.rows ?? []
      return rows.first { "\($0.task)/\($0.student.name)" == measure }?.student.value
    }
  }

  /// All measures that the run has.
  public var measures: [String] {
    let known = [
      "KL", "perplexity", "teacher perplexity", "agreement", "matrix error", "weighted error", "output error",
      "seconds",
      "tokens",
    ]
    let rows = (evaluation?.rows ?? []).filter { $0.student != nil }.map(\.name)
    return known.filter { value($0) != nil } + rows + (tasks?.rows ?? []).map { "\($0.task)/\($0.student.name)" }
  }

  /// A frame's measure; nil where the run has none.
  func value(_ measure: String, ofFrame name: String) -> Double? {
    let frame = evaluation?.frames?.first { $0.name == name }
    switch measure {
    case "KL": return frame?.divergence
    case "perplexity": return frame?.perplexity
    case "agreement": return frame?.agreement
    case "seconds": return frame?.seconds
    case "tokens": return frame?.tokens.map(Double.init)
    default: return nil
    }
  }

  /// What the run is compared with, beside the teacher.
  var frames: [String] {
    (evaluation?.frames ?? []).map(\.name).filter { $0 != "teacher" && $0 != "student" }
  }
}
