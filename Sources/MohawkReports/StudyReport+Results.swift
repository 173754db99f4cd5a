import MohawkRecipes

extension StudyReport {
  /// What `results.json` holds.
  struct Results: Codable, Equatable {
    var name: String
    var baseline: String
    var report: [String]
    var arms: [Arm]
    var runs: [Run]
    var comparisons: [Comparison]

    /// An arm, or what its runs are compared with.
    struct Arm: Codable, Equatable {
      var name: String
      /// The frame's name; nil for the arm itself.
      var frame: String?
      /// The keys in which arms differ.
      var keys: [String: String]
      /// Mean and deviation of each measure.
      var measures: [String: Spread]
    }

    /// One run.
    struct Run: Codable, Equatable {
      var arm: String
      var seed: UInt64
      var state: StudyOutcome.State
      var error: String?
      /// Each measure of the report that the run has.
      var measures: [String: Double]
    }
  }

  /// Everything that the tables say, unrounded, and every run's numbers.
  var results: Results {
    let differences = study.differences
    let arms = rows.map { row in
      let index = study.arms.firstIndex { $0.name == row.arm }!
      return Results.Arm(
        name: row.arm, frame: row.frame,
        keys: Dictionary(uniqueKeysWithValues: differences.map { ($0.key, $0.values[index]) }),
        measures: row.values.compactMapValues { Spread(ordered($0)) })
    }
    let runs = outcomes.map { run in
      let values = study.report.compactMap { measure in run.value(measure).map { (measure, $0) } }
      return Results.Run(
        arm: run.arm, seed: run.seed, state: run.state, error: run.error,
        measures: Dictionary(values) { first, _ in first })
    }
    return Results(
      name: study.name, baseline: study.baseline, report: study.report, arms: arms, runs: runs,
      comparisons: comparisons)
  }
}
