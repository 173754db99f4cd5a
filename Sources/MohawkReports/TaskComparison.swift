import Foundation

/// `tasks.json`: what a student reached in tasks, and its teacher in the same ones.
public struct TaskComparison: Codable, Sendable, Equatable {
  /// The teacher's outcomes; empty when there is none.
  public var teacher: [TaskOutcome]
  /// The student's outcomes, or those of the only model.
  public var student: [TaskOutcome]

  /// One argument per property.
  public init(teacher: [TaskOutcome] = [], student: [TaskOutcome]) {
    self.teacher = teacher
    self.student = student
  }

  /// One measure of both models.
  public struct Row: Sendable, Equatable {
    /// The task's name.
    public let task: String
    /// The student's number.
    public let student: TaskOutcome.Measure
    /// The teacher's number, where there is one.
    public let teacher: TaskOutcome.Measure?
    /// How much of what the teacher can do the student kept: 1 is all of it.
    ///
    /// Of a share, what lies above chance counts: (student − chance) / (teacher − chance), nil when the teacher itself
    /// is not above chance by two standard errors. Of a measure where less is better, such as perplexity: teacher /
    /// student.
    public var retention: Double? {
      guard let teacher else { return nil }
      if !student.higherIsBetter { return student.value > 0 ? teacher.value / student.value : nil }
      let chance = teacher.chance ?? 0
      guard teacher.value - chance > 2 * (teacher.standardError ?? 0) else { return nil }
      return (student.value - chance) / (teacher.value - chance)
    }
  }

  /// Every measure of the student, beside the teacher's.
  public var rows: [Row] {
    student.flatMap { outcome in
      let other = teacher.first { $0.task == outcome.task }
      return outcome.measures.map { measure in
        Row(
          task: outcome.task, student: measure,
          teacher: other?.measures.first { $0.name == measure.name })
      }
    }
  }

  /// The rows as a table; without a teacher it has the columns of one model.
  public var table: Table {
    if teacher.isEmpty {
      var table = Table([.init("task"), .init("measure"), .init("model", .right), .init("chance", .right)])
      for row in rows { table.add([row.task, row.student.name, Self.cell(row.student), Self.chance(row.student)]) }
      return table
    }
    var table = Table([
      .init("task"), .init("measure"), .init("teacher", .right), .init("student", .right), .init("chance", .right),
      .init("retention", .right),
    ])
    for row in rows {
      table.add([
        row.task, row.student.name, row.teacher.map(Self.cell) ?? "–", Self.cell(row.student), Self.chance(row.student),
        row.retention.map { String(format: "%.1f %%", $0 * 100) } ?? "–",
      ])
    }
    return table
  }

  private static func cell(_ measure: TaskOutcome.Measure) -> String {
    guard measure.value.isFinite else { return "–" }
    let digits = abs(measure.value) < 1000 ? String(format: "%.4f", measure.value) : Number.short(measure.value)
    guard let error = measure.standardError, error.isFinite else { return digits }
    return digits + " ± " + (abs(error) < 1000 ? String(format: "%.4f", error) : Number.short(error))
  }

  private static func chance(_ measure: TaskOutcome.Measure) -> String {
    measure.chance.map { String(format: "%.4f", $0) } ?? ""
  }
}
