import Foundation
import MohawkReports

/// Teacher and student side by side, as text.
enum EvaluationTable {
  /// One model's numbers.
  static func single(_ summary: EvaluationSummary) -> String {
    var table = Table([.init("held-out text"), .init("model", .right)])
    table.add(["perplexity", summary.studentPerplexity.map { String(format: "%.3f", $0) } ?? ""])
    for row in summary.rows { table.add([row.name, row.student.map { String(format: "%.4f", $0) } ?? ""]) }
    table.add(["parameters", "\(summary.studentParameters ?? 0)"])
    table.add(["tokens judged", "\(summary.tokens)"])
    return table.text
  }

  static func text(_ summary: EvaluationSummary) -> String {
    var table = Table([.init("held-out text"), .init("teacher", .right), .init("student", .right)])
    func number(_ value: Double?, _ format: String = "%.3f") -> String {
      value.map { String(format: format, $0) } ?? ""
    }
    table.add(["perplexity", number(summary.teacherPerplexity), number(summary.studentPerplexity)])
    for row in summary.rows { table.add([row.name, number(row.teacher), number(row.student)]) }
    table.add(["KL(teacher ‖ student), nats", "", number(summary.divergence, "%.4f")])
    table.add(["same most likely token", "", number(summary.agreement.map { $0 * 100 }, "%.1f %%")])
    table.add(["parameters", "\(summary.teacherParameters ?? 0)", "\(summary.studentParameters ?? 0)"])
    table.add(["tokens judged", "", "\(summary.tokens)"])
    let layers = LayerTable(summary.layers)
    let frames = FrameTable.table(summary).map { "\n\($0.text)\n\(FrameTable.note)\n" } ?? ""
    return table.text + "\n" + layers.table.text + (layers.note.map { "\n\($0)\n" } ?? "") + frames
  }
}
