import Foundation
import MohawkRecipes

extension StudyReport {
  /// The page: tables, pictures of every measure, curves, matrices, and what the arms are.
  var html: String {
    let sections = [
      tableSection, comparisonSection, measureSection, curveSection, matrixSection, armSection, runSection,
    ].compactMap { $0 }
    let (arms, seeds) = (study.arms.count, study.seeds.count)
    let lead =
      "\(arms) arm\(arms == 1 ? "" : "s"), \(seeds) seed\(seeds == 1 ? "" : "s"); "
      + "\(outcomes.count { $0.state == .finished }) of \(outcomes.count) runs are finished."
    return ReportPage.html(
      title: "\(study.name) – MOHAWK study", kicker: "MOHAWK study", heading: study.name, lead: lead,
      top: ReportPage.warning("To know:", notes), sections: sections, footer: "Made by swift-mohawk.")
  }

  private var tableSection: RunReport.Section? {
    .init(
      id: "results", title: "Results", body: table.html(caption: "Means and deviations over the seeds"),
      note: "Mean ± sample deviation over the seeds, on held-out text. KL is KL(teacher ‖ student) in nats per token.")
  }

  private var comparisonSection: RunReport.Section? {
    comparisonTable.map {
      .init(
        id: "comparisons", title: "Beside \(study.baseline)", body: $0.html(caption: "Arms beside the baseline"),
        note: Self.comparisonNote)
    }
  }

  /// A picture for every measure: a dot per run.
  private var measureSection: RunReport.Section? {
    let figures = study.report.compactMap { measure -> String? in
      let rows = rows.map { row in (name: row.name, values: study.seeds.compactMap { row.values[measure]?[$0] }) }
      guard rows.contains(where: { !$0.values.isEmpty }) else { return nil }
      let plot = StripPlot(title: "\(measure) of every run", horizontal: measure, rows: rows)
      return "<figure><figcaption>\(HTML.escape(measure))</figcaption>\(plot.svg())</figure>\n"
    }
    guard !figures.isEmpty else { return nil }
    return .init(
      id: "measures", title: "Measures", body: "<div class=\"plots\">\(figures.joined())</div>",
      note: "A dot is a run, a line the mean over the seeds.")
  }

  /// At most this many heads are drawn.
  private static let headLimit = 6

  /// The teacher's matrices and those of every arm, with the first seed.
  private var matrixSection: RunReport.Section? {
    let shown = study.arms.compactMap { arm in
      outcomes.first { $0.arm == arm.name && $0.seed == study.seeds[0] && !$0.matrices.isEmpty }
    }
    guard let first = shown.first else { return nil }
    let all = first.matrices.sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }
    let count = min(Self.headLimit, all.count)
    let rows = (0..<count).map { all[$0 * all.count / count] }.map { head in
      let limit = HeatMap.largest(head.teacher, head.size)
      func panel(_ title: String, _ values: [Float], _ fact: String) -> MatrixPanels.Panel {
        .init(title: title, map: HeatMap(size: head.size, values: values, limit: limit), fact: fact)
      }
      let students = shown.compactMap { run -> MatrixPanels.Panel? in
        let same = run.matrices.first { $0.layer == head.layer && $0.head == head.head && $0.size == head.size }
        return same.map { panel(run.arm, $0.student, "distance \(Number.short($0.distance))") }
      }
      let teacher = panel("Teacher", head.teacher, "largest entry \(Number.short(Double(limit)))")
      return MatrixPanels(layer: head.layer, head: head.head, panels: [teacher] + students)
    }
    return MatrixPanels.section(
      rows, note: " Some heads, with seed \(study.seeds[0]); all are in the runs’ own reports.")
  }

  /// In what the arms differ.
  private var armSection: RunReport.Section? {
    let differences = study.differences
    guard !differences.isEmpty else { return nil }
    var table = Table([.init("Arm")] + differences.map { .init($0.key) })
    for (index, arm) in study.arms.enumerated() { table.add([arm.name] + differences.map { $0.values[index] }) }
    let body = table.html(caption: "The keys in which the arms differ")
    let recipe = """
      <details><summary>The whole study</summary><pre tabindex="0">\(HTML.escape(study.yaml))</pre></details>
      """
    return .init(id: "arms", title: "Arms", body: body + recipe, note: "Keys of the recipe in which the arms differ.")
  }

  /// Every run, with a link to its own report.
  private var runSection: RunReport.Section? {
    let items = zip(study.runs, outcomes).map { run, outcome in
      let values = study.report.compactMap { measure in
        outcome.value(measure).map { "\(measure) \(Number.short($0))" }
      }
      let name = "\(run.arm), seed \(run.seed)"
      let link =
        outcome.state == .finished
        ? "<a href=\"\(HTML.escape("\(FileName.runs)/\(run.name)/\(RunReport.FileName.report)"))\">\(HTML.escape(name))</a>"
        : HTML.escape(name)
      let rest = values.isEmpty ? outcome.state.rawValue : values.joined(separator: ", ")
      return "<li>\(link): \(HTML.escape(rest))</li>"
    }
    return .init(
      id: "runs", title: "Runs",
      body: "<details><summary>\(outcomes.count) runs</summary><ul>\(items.joined(separator: "\n"))</ul></details>")
  }
}
