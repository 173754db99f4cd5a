import MohawkRecipes

extension RunReport {
  /// What each stage took and reached.
  var stageSection: Section? {
    guard !stages.isEmpty else { return nil }
    var table = Table([
      .init("Stage"), .init("Steps", .right), .init("Tokens", .right), .init("Time", .right), .init("Tokens/s", .right),
      .init("First loss", .right), .init("Last loss", .right), .init("Peak memory", .right),
    ])
    for stage in stages {
      let planned = stage.isFinished ? "" : " of \(Number.whole(stage.plannedSteps))"
      table.add([
        stage.stage.title, Number.whole(stage.steps.last?.stageStep ?? 0) + planned, Number.count(stage.tokens),
        Number.duration(stage.seconds),
        stage.seconds > 0 ? Number.count(Int(min(Double(stage.tokens) / stage.seconds, 1e15))) : "–",
        Self.cell(stage.firstLoss), Self.cell(stage.lastLoss), Number.memory(stage.peakMemoryMiB),
      ])
    }
    return Section(
      id: "stages", title: "Stages", body: table.html(caption: "What each stage took and reached"),
      note: (["First and last loss are means over up to ten steps."] + changes.map(\.sentence)).joined(separator: " "))
  }

  /// Loss curves, and measures over the whole run.
  var curveSection: Section? {
    var plots: [LinePlot] = stages.filter { !$0.steps.isEmpty }.map { stage in
      var series = [LinePlot.Series("training", stage.steps.map { (Double($0.stageStep), $0.loss) })]
      let evaluations = stage.evaluations.compactMap { record in
        record["loss"].map { (x: Double(record.stageStep), y: $0) }
      }
      if !evaluations.isEmpty { series.append(.init("validation", evaluations, .dotted)) }
      return LinePlot(title: "\(stage.stage.title): loss over steps", series: series)
    }
    guard !plots.isEmpty else { return nil }
    let captions = stages.filter { !$0.steps.isEmpty }.map(\.stage.title)
    let records = stages.flatMap(\.evaluations)
    var names: [String] = []
    for name in records.flatMap(\.values).map(\.name) where name != "loss" && !names.contains(name) {
      names.append(name)
    }
    let measured = names.map { name in
      // Each stage has its own line: pretraining measures the teacher, the others the student.
      let series = stages.compactMap { stage -> LinePlot.Series? in
        let points = stage.evaluations.compactMap { record in record[name].map { (x: Double(record.step), y: $0) } }
        return points.isEmpty ? nil : .init(stage.stage.rawValue, points, .dotted)
      }
      return LinePlot(title: "\(name) over the run", horizontal: "step of the run", vertical: name, series: series)
    }
    let kept = measured.filter { plot in plot.series.contains { $0.points.count > 1 } }
    plots += kept
    let figures = zip(plots, captions + kept.map { $0.vertical }).map(Self.figure)
    let technical: [(String, (StepRecord) -> Double)] = [
      ("learning rate", \.learningRate), ("gradient norm", \.gradientNorm), ("tokens per second", \.tokensPerSecond),
    ]
    let more = technical.map { name, value in
      let style: LinePlot.Series.Style = name == "learning rate" ? .exact : .smoothed
      let series = stages.filter { !$0.steps.isEmpty }.map { stage in
        LinePlot.Series(stage.stage.rawValue, stage.steps.map { (x: Double($0.step), y: value($0)) }, style)
      }
      let plot = LinePlot(
        title: "\(name) over the run", horizontal: "step of the run", vertical: name,
        scale: name == "gradient norm" ? .automatic : .linear, series: series)
      return Self.figure(plot, name)
    }
    let body = """
      <div class="plots">\(figures.joined())</div>
      <details><summary>Learning rate, gradient norm and speed</summary><div class="plots">\(more.joined())</div></details>
      """
    return Section(
      id: "curves", title: "Curves", body: body,
      note:
        "Strong lines are smoothed, faint ones raw. Validation and other measures are dots. Losses of different stages have different units."
    )
  }

  private static func figure(_ plot: LinePlot, _ caption: String) -> String {
    "<figure><figcaption>\(HTML.escape(caption))</figcaption>\(plot.svg())</figure>\n"
  }

  /// Distances per layer, at the start and the end of the stages that have them.
  var layerSection: Section? {
    var columns: [(title: String, values: [Double])] = []
    for stage in stages {
      guard let first = stage.layerLosses(atEnd: false), let last = stage.layerLosses(atEnd: true) else { continue }
      columns.append(("\(stage.stage.rawValue.capitalized), first", first))
      columns.append(("\(stage.stage.rawValue.capitalized), last", last))
    }
    let measured = (evaluation?.layers ?? []).filter { (0..<10_000).contains($0.layer) }
    let count = max(columns.map(\.values.count).max() ?? 0, (measured.map(\.layer).max() ?? -1) + 1)
    guard count > 0, count <= 10_000 else { return nil }
    let shown = LayerTable(measured)
    let final = shown.columns.map { column in
      let cells = Dictionary(zip(measured.map(\.layer), column.cells)) { first, _ in first }
      return (title: "Final " + column.title, cells: (0..<count).map { cells[$0] ?? "–" })
    }
    var table = Table([.init("Layer")] + (columns.map(\.title) + final.map(\.title)).map { .init($0, .right) })
    for layer in 0..<count {
      let keeps =
        measured.first { $0.layer == layer }?.keepsAttention ?? recipe?.student.attentionLayers.contains(layer) ?? false
      table.add(
        ["\(layer)" + (keeps ? " (attention)" : "")]
          + columns.map { layer < $0.values.count ? Self.cell($0.values[layer]) : "–" } + final.map { $0.cells[layer] })
    }
    return Section(
      id: "layers", title: "Distances per layer",
      body: table.html(caption: "Distance between teacher and student per layer"),
      note: "Orientation compares mixing matrices (Frobenius norm), alignment mixer outputs (L2 norm). Errors are "
        + "‖student − teacher‖ / ‖teacher‖. "
        + (shown.note ?? "The zero matrix, and a mixer that puts out nothing, have an error of 1."))
  }

  static func cell(_ value: Double) -> String { value.isNaN ? "–" : Number.short(value) }
}
