import Foundation
import MohawkEvaluation
import MohawkFiles
import MohawkReports

/// Puts tasks to a student and to its teacher, and writes what they reached.
public struct TaskEvaluation {
  /// A model with what its results are filed under.
  public struct ModelUnderTest {
    /// The model.
    public let model: EvaluatedModel
    /// Its folder, as results name it.
    public let folder: String
    /// The type that its layers compute in, such as `fp32`.
    public let precision: String

    /// One argument per property.
    public init(_ model: EvaluatedModel, folder: String, precision: String) {
      self.model = model
      self.folder = folder
      self.precision = precision
    }
  }

  /// What is put to both.
  public let tasks: [EvaluationTask]
  /// Documents of each task at most, as results tell it.
  public let limit: Int?
  /// Where `tasks.json`, `results/student/results_*.json` and the teacher's are written; nil for nowhere.
  public var folder: String?
  /// Whether every document of a multiple-choice task is written with its likelihoods, beside the results.
  public var keepsSamples = false
  /// Told whose turn it is, and how far that task is.
  public var progress: (String, TaskProgress) -> Void = { _, _ in }

  /// Nothing happens before `run`.
  public init(_ tasks: [EvaluationTask], limit: Int?) {
    self.tasks = tasks
    self.limit = limit
  }

  /// Runs all tasks on the teacher, then on the student.
  /// - Throws: `MohawkError` when both have different tokenizers, a task does not fit a model, or files cannot be written.
  public func run(student: ModelUnderTest, teacher: ModelUnderTest? = nil) throws -> TaskComparison {
    if let teacher, teacher.model.tokenizer.fingerprint != student.model.tokenizer.fingerprint {
      throw MohawkError(
        .mismatch, "teacher and student have different tokenizers", at: teacher.folder,
        remedy: "compare a student with the teacher that it was distilled from")
    }
    for contestant in [teacher, student].compactMap({ $0 }) {
      for task in tasks { try task.requireFit(contestant.model) }
    }
    let theirs = try teacher.map { try outcomes("teacher", $0, against: $0) } ?? []
    let mine = try outcomes("student", student, against: teacher)
    let comparison = TaskComparison(teacher: theirs, student: mine)
    if let folder { try RunReport.save(comparison, as: RunReport.FileName.tasks, in: folder) }
    return comparison
  }

  private func outcomes(_ role: String, _ contestant: ModelUnderTest, against teacher: ModelUnderTest?) throws
    -> [TaskOutcome]
  {
    let began = Date()
    let place = folder.map { "\($0)/results/\(role)" }
    if let place { try AtomicFolder.ensure(place) }
    var outcomes: [TaskOutcome] = []
    for task in tasks {
      let (found, samples) = try task.run(contestant.model, teacher: teacher?.model) { progress(role, $0) }
      outcomes += found
      if keepsSamples, !samples.isEmpty, let place {
        try SampleFile.write(samples, to: "\(place)/samples_\(task.name)_\(LMEvalResults.stamp(began)).jsonl")
      }
    }
    if let place {
      try LMEvalResults(
        model: contestant.folder, outcomes: outcomes, limit: limit, began: began, precision: contestant.precision
      ).write(to: place)
    }
    return outcomes
  }
}
