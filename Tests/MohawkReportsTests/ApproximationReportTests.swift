import Foundation
import MohawkReports
import Testing

@Suite struct ApproximationReportTests {
  private var report: ApproximationReport {
    ApproximationReport(
      name: "a <model>", heads: [.init(layer: 0, head: 0), .init(layer: 1, head: 2)], texts: 4, length: 128, steps: 10,
      isWeighted: false,
      rows: [
        .init(name: "Toeplitz", order: nil, errors: [0.75, 0.25], seconds: 0.5),
        .init(name: "SSD", order: 8, errors: [0.4, 0.2], seconds: 3),
        .init(name: "SSD", order: 16, errors: [0.2, 0.1], seconds: 4),
      ])
  }

  @Test func theTableHasMeansStandardErrorsAndWhatADoublingLeaves() {
    let rows = report.table.rows
    #expect(rows[0].prefix(3) == ["zero matrix", "", "1"])
    #expect(rows[1].prefix(3) == ["Toeplitz", "", "0.5000 ± 0.2500"])
    #expect(rows[2].prefix(4) == ["SSD", "8", "0.3000 ± 0.1000", ""])
    #expect(rows[3].prefix(4) == ["SSD", "16", "0.1500 ± 0.0500", "0.5000"])
  }

  @Test func thePageShowsACurveForEveryClassAndEscapesNames() {
    let page = report.html
    #expect(page.contains("a &lt;model&gt;") && !page.contains("<model>"))
    #expect(page.contains("Toeplitz: from") && page.contains("SSD: from"))
    #expect(page.contains("Errors by head"))
  }
}
