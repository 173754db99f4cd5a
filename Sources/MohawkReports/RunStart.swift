/// `start.json`: what a distillation begins with, teacher beside student.
public struct RunStart: Codable, Sendable, Equatable {
  /// In the order in which they are shown.
  public var rows: [Row]

  /// One fact of both models.
  public struct Row: Codable, Sendable, Equatable {
    /// What it is.
    public var name: String
    /// Of the teacher; empty when it has none.
    public var teacher: String
    /// Of the student; empty when it has none.
    public var student: String

    /// One argument per property.
    public init(_ name: String, teacher: String = "", student: String = "") {
      self.name = name
      self.teacher = teacher
      self.student = student
    }
  }

  /// Rows in their order.
  public init(rows: [Row]) { self.rows = rows }

  /// As text.
  public var text: String {
    var table = Table([.init("at the start"), .init("teacher"), .init("student")])
    for row in rows { table.add([row.name, row.teacher, row.student]) }
    return table.text
  }
}
