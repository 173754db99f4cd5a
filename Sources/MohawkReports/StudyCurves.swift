import MohawkRecipes

/// What the runs of one arm measured on their way: means over its seeds.
struct StudyCurves {
  /// A value, the tokens trained on until then, and the seconds that this took.
  struct Point: Equatable {
    var tokens: Double
    var seconds: Double
    var value: Double
  }

  /// Losses of each stage, counted from the beginning of the stage.
  private(set) var losses: [StageName: [Point]] = [:]
  /// Measures of evaluations by name, counted from the beginning of the run.
  private(set) var measures: [String: [Point]] = [:]

  init(_ runs: [StudyOutcome]) {
    var losses: [StageName: [[Point]]] = [:]
    var measures: [String: [[Point]]] = [:]
    for run in runs {
      var (tokens, seconds) = (0.0, 0.0)
      var own: [String: [Point]] = [:]
      for stage in run.stages {
        var points: [Point] = []
        var passed = 0.0
        var ends: [Int: (tokens: Double, seconds: Double)] = [:]
        for step in stage.steps {
          passed += step.seconds.isFinite ? step.seconds : 0
          points.append(Point(tokens: Double(step.tokens), seconds: passed, value: step.loss))
          ends[step.step] = (Double(step.tokens), passed)
        }
        losses[stage.stage, default: []].append(points)
        for record in stage.evaluations {
          guard let end = ends[record.step] else { continue }
          for metric in record.values {
            own[metric.name, default: []].append(
              Point(tokens: tokens + end.tokens, seconds: seconds + end.seconds, value: metric.value))
          }
        }
        tokens += points.last?.tokens ?? 0
        seconds += passed
      }
      for (name, points) in own { measures[name, default: []].append(points) }
    }
    self.losses = losses.mapValues(Self.mean)
    self.measures = measures.mapValues(Self.mean)
  }

  /// Point by point, as far as all curves go.
  private static func mean(_ curves: [[Point]]) -> [Point] {
    let count = curves.map(\.count).min() ?? 0
    return (0..<count).map { index in
      let points = curves.map { $0[index] }
      func mean(_ part: (Point) -> Double) -> Double { points.reduce(0) { $0 + part($1) } / Double(points.count) }
      return Point(tokens: mean(\.tokens), seconds: mean(\.seconds), value: mean(\.value))
    }
  }
}

extension StudyReport {
  /// Losses and measures of every arm, over tokens and over seconds.
  var curveSection: RunReport.Section? {
    let curves = study.arms.map { arm in
      (name: arm.name, curves: StudyCurves(outcomes.filter { $0.arm == arm.name && $0.state == .finished }))
    }
    var figures = ""
    for stage in StageName.allCases {
      let parts = curves.compactMap { arm in arm.curves.losses[stage].map { (name: arm.name, points: $0) } }
      figures += Self.figures("\(stage.title): loss", "loss", .smoothed, parts)
    }
    var names: [String] = []
    for name in curves.flatMap({ $0.curves.measures.keys.sorted() }) where !names.contains(name) { names.append(name) }
    for name in names where name != "teacher perplexity" {
      let parts = curves.compactMap { arm in arm.curves.measures[name].map { (name: arm.name, points: $0) } }
      if parts.contains(where: { $0.points.count > 1 }) { figures += Self.figures(name, name, .dotted, parts) }
    }
    guard !figures.isEmpty else { return nil }
    return .init(
      id: "curves", title: "Curves", body: "<div class=\"plots\">\(figures)</div>",
      note:
        "Means over the seeds. Losses count from the beginning of their stage, measures from that of the run; seconds "
        + "are those of training steps. More measures appear where a stage has evaluateEvery.")
  }

  private static func figures(
    _ title: String, _ vertical: String, _ style: LinePlot.Series.Style,
    _ arms: [(name: String, points: [StudyCurves.Point])]
  ) -> String {
    guard arms.contains(where: { !$0.points.isEmpty }) else { return "" }
    let axes: [(String, (StudyCurves.Point) -> Double)] = [("tokens", \.tokens), ("seconds", \.seconds)]
    return axes.map { horizontal, place in
      let series = arms.map { LinePlot.Series($0.name, $0.points.map { (x: place($0), y: $0.value) }, style) }
      let plot = LinePlot(
        title: "\(title) over \(horizontal)", horizontal: horizontal, vertical: vertical, series: series)
      return
        "<figure><figcaption>\(HTML.escape("\(title) per \(horizontal.dropLast())"))</figcaption>\(plot.svg())</figure>\n"
    }.joined()
  }
}
