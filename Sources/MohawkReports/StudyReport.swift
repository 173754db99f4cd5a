import Foundation
import MohawkFiles
import MohawkRecipes

/// What a study has found so far, from the folders of its runs: a table, tests between arms, curves, a page, and JSON.
public struct StudyReport {
  /// Names in a study's folder.
  public enum FileName {
    /// The study with everything in place.
    public static let study = "study.yaml"
    /// What was found, for programs.
    public static let results = "results.json"
    /// The page.
    public static let page = "study.html"
    /// The folder of the runs' folders.
    public static let runs = "runs"
    /// A text for every run that failed.
    public static let failures = "failures"
  }

  /// What is compared.
  public let study: Study
  /// One for every run, in the study's order.
  public let outcomes: [StudyOutcome]

  /// Reads what the runs have left in a study's folder.
  /// - Parameters:
  ///   - study: what is compared.
  ///   - folder: the study's.
  ///   - earlier: an earlier report of the folder, whose finished runs are not read again.
  public init(_ study: Study, folder: String, earlier: StudyReport? = nil) {
    self.study = study
    let known = (earlier?.outcomes ?? []).filter { $0.state == .finished }
    outcomes = study.runs.map { run in
      let error = Self.failure(of: run, in: folder)
      let same = known.first { $0.arm == run.arm && $0.seed == run.seed && error == nil }
      if let same, run.recipe.frames.allSatisfy({ same.frames.contains($0.rawValue) }) { return same }
      return StudyOutcome(
        run, folder: Self.folder(of: run, in: folder), error: error, keepsMatrices: run.seed == study.seeds[0])
    }
  }

  /// A run's folder.
  public static func folder(of run: Study.Run, in folder: String) -> String {
    "\(folder)/\(FileName.runs)/\(run.name)"
  }

  /// Where it is written why a run failed.
  public static func failurePath(of run: Study.Run, in folder: String) -> String {
    "\(folder)/\(FileName.failures)/\(run.name).txt"
  }

  /// Why a run failed; nil where it did not.
  public static func failure(of run: Study.Run, in folder: String) -> String? {
    guard let text = try? String(contentsOfFile: failurePath(of: run, in: folder), encoding: .utf8) else { return nil }
    return text.split(separator: "\n").first.map(String.init) ?? "unknown"
  }

  /// A line of the table: an arm, or what its runs are compared with.
  struct Row {
    let name: String
    let arm: String
    let frame: String?
    /// The values of each measure, by seed.
    let values: [String: [UInt64: Double]]
    /// Seeds whose runs are finished.
    let seeds: Int
  }

  /// Every arm, followed by its frames.
  var rows: [Row] {
    study.arms.flatMap { arm in
      let runs = outcomes.filter { $0.arm == arm.name && $0.state == .finished }
      var frames: [String] = []
      for frame in runs.flatMap(\.frames) where !frames.contains(frame) { frames.append(frame) }
      return [row(arm.name, arm.name, nil, runs)] + frames.map { row("\(arm.name): \($0)", arm.name, $0, runs) }
    }
  }

  private func row(_ name: String, _ arm: String, _ frame: String?, _ runs: [StudyOutcome]) -> Row {
    var values: [String: [UInt64: Double]] = [:]
    for measure in study.report {
      for run in runs {
        values[measure, default: [:]][run.seed] = frame.map { run.value(measure, ofFrame: $0) } ?? run.value(measure)
      }
    }
    let seeds = frame.map { frame in runs.count { $0.frames.contains(frame) } } ?? runs.count
    return Row(name: name, arm: arm, frame: frame, values: values, seeds: seeds)
  }

  /// The values of a measure in the order of the seeds, so that sums are the same every time.
  func ordered(_ values: [UInt64: Double]) -> [Double] { study.seeds.compactMap { values[$0] } }

  /// An arm beside the baseline, in one measure.
  public struct Comparison: Codable, Sendable, Equatable {
    /// The arm's name.
    public let arm: String
    /// What is compared.
    public let measure: String
    /// The arm less the baseline, over the seeds that both have.
    public let test: PairedTest
  }

  /// Every arm beside the baseline, in every measure of results; those with fewer than two seeds are left out.
  public var comparisons: [Comparison] {
    let rows = rows.filter { $0.frame == nil }
    guard let base = rows.first(where: { $0.arm == study.baseline }) else { return [] }
    return study.report.filter { $0 != "seconds" && $0 != "tokens" }.flatMap { measure in
      rows.filter { $0.arm != study.baseline }.compactMap { row in
        let (mine, theirs) = (row.values[measure] ?? [:], base.values[measure] ?? [:])
        let seeds = study.seeds.filter { mine[$0] != nil && theirs[$0] != nil }
        return PairedTest(seeds.map { mine[$0]! }, seeds.map { theirs[$0]! }).map {
          Comparison(arm: row.arm, measure: measure, test: $0)
        }
      }
    }
  }

  /// Means and sample deviations over the seeds.
  public var table: Table {
    var table = Table([.init("arm"), .init("seeds", .right)] + study.report.map { .init($0, .right) })
    for row in rows {
      let cells = study.report.map { measure in Spread(ordered(row.values[measure] ?? [:]))?.text ?? "–" }
      table.add(
        [row.name, row.seeds == study.seeds.count ? "\(row.seeds)" : "\(row.seeds) of \(study.seeds.count)"] + cells)
    }
    return table
  }

  /// The arms beside the baseline; nil when there is nothing to compare.
  public var comparisonTable: Table? {
    let comparisons = comparisons
    guard !comparisons.isEmpty else { return nil }
    var table = Table([
      .init("arm − \(study.baseline)"), .init("measure"), .init("seeds", .right), .init("difference", .right),
      .init("95 % interval", .right), .init("p", .right),
    ])
    for comparison in comparisons {
      let test = comparison.test
      table.add([
        comparison.arm, comparison.measure, "\(test.pairs)", Number.signed(test.mean),
        "\(Number.signed(test.mean - test.interval)) to \(Number.signed(test.mean + test.interval))",
        test.p.isNaN ? "–" : Number.short(test.p),
      ])
    }
    return table
  }

  /// How `comparisonTable` is read.
  public static let comparisonNote =
    "Student's paired t-test over seeds, two-sided; p is not corrected for the number of comparisons."

  /// What is wrong, or not done yet, a sentence each.
  public var notes: [String] {
    var notes: [String] = []
    for state in [StudyOutcome.State.begun, .waiting] {
      let count = outcomes.count { $0.state == state }
      let words = state == .begun ? "not finished" : "not begun"
      if count > 0 { notes.append("\(count) of \(outcomes.count) runs \(count == 1 ? "is" : "are") \(words).") }
    }
    for run in outcomes { if let error = run.error { notes.append("\(run.arm), seed \(run.seed) failed: \(error)") } }
    let finished = outcomes.filter { $0.state == .finished }
    guard let first = finished.first else { return notes }
    for measure in study.report where finished.allSatisfy({ $0.value(measure) == nil }) {
      notes.append("No run has the measure “\(measure)”; there are \(first.measures.joined(separator: ", ")).")
    }
    return notes
  }

  /// Writes page and results into the study's folder.
  public func write(to folder: String) throws {
    try RunReport.save(results, as: FileName.results, in: folder)
    try AtomicFile.write(html, to: "\(folder)/\(FileName.page)")
  }
}
