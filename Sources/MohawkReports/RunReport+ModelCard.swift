import Foundation
import MohawkRecipes

extension RunReport {
  /// `README.md` of the run's model: what it is, how it was made, what it reached, how to open it.
  /// - Parameters:
  ///   - format: the name of the model's format.
  ///   - opens: how other tools open it, as lines of Markdown; empty when none does.
  ///   - teacher: the teacher's folder; nil for a model that was trained from scratch.
  public func modelCard(format: String, opens: [String], teacher: String?) -> String {
    let title = teacher == nil ? "Trained from scratch" : "Distilled with MOHAWK"
    var text = """
      ---
      library_name: \(opens.isEmpty ? "swift-mohawk" : "transformers")
      pipeline_tag: text-generation
      tags:
      - mohawk
      - \(format)
      \(teacher == nil ? "" : "- state-space-model\n- distillation\n")---

      # \(name): \(title.prefix(1).lowercased() + title.dropFirst())

      """
    if let teacher {
      text += """

        Teacher: `\(Self.lastComponent(teacher))`. Its attention was replaced, and the replacement taught, by the stages
        of MOHAWK (Bick et al. 2024).

        """
    }
    if let start {
      text +=
        "\n## Models\n\n"
        + Self.markdown(["", "teacher", "student"], start.rows.map { [$0.name, $0.teacher, $0.student] })
    }
    if !stages.isEmpty {
      let rows = stages.map {
        [$0.stage.title, Number.count($0.tokens), Self.cell($0.firstLoss), Self.cell($0.lastLoss)]
      }
      text += "\n## Training\n\n" + Self.markdown(["stage", "tokens", "first loss", "last loss"], rows)
    }
    if let evaluation {
      text +=
        "\n## Evaluation\n\nOn held-out text, \(Number.whole(evaluation.tokens)) tokens.\n\n"
        + Self.markdown(evaluation)
    }
    text += "\n## Use\n\n```\nmohawk generate FOLDER --prompt \"Once upon a time\"\n```\n"
    if !opens.isEmpty { text += "\nOther tools that open it:\n\n" + opens.map { "* \($0)\n" }.joined() }
    if let recipeText {
      text += "\n## Recipe\n\n```yaml\n\(recipeText)\(recipeText.hasSuffix("\n") ? "" : "\n")```\n"
    }
    return text
  }

  private static func markdown(_ evaluation: EvaluationSummary) -> String {
    func number(_ value: Double?) -> String { value.map { Number.short($0) } ?? "" }
    var rows = [["perplexity", number(evaluation.teacherPerplexity), number(evaluation.studentPerplexity)]]
    rows += evaluation.rows.map { [$0.name, number($0.teacher), number($0.student)] }
    rows.append(["KL(teacher ‖ student), nats", "", number(evaluation.divergence)])
    rows.append(["same most likely token, %", "", number(evaluation.agreement.map { 100 * $0 })])
    return markdown(["", "teacher", "student"], rows.filter { !($0[1].isEmpty && $0[2].isEmpty) })
  }

  private static func markdown(_ header: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }
    return line(header) + line(header.map { _ in "---" }) + rows.map(line).joined()
  }

  private static func lastComponent(_ path: String) -> String {
    let parts = path.split(separator: "/").map(String.init)
    // A run's model is called after its run.
    return (parts.last == "model" && parts.count > 1 ? parts[parts.count - 2] : parts.last) ?? path
  }
}
