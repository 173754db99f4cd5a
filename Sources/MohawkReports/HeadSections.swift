import Foundation

/// Sections of a page that tell what follows from heads' matrices.
struct HeadSections {
  /// The heads, in order.
  let views: [HeadView]

  /// Numbers of every head, singular values, and how far heads look.
  var all: [RunReport.Section] { [table, spectra, distances] }

  private var table: RunReport.Section {
    .init(
      id: "heads", title: "Heads", body: HeadView.table(views).html(caption: "Numbers of every head"),
      note: HeadView.note)
  }

  /// Singular values of every head, a plot for each.
  private var spectra: RunReport.Section {
    let figures = views.prefix(RunReport.matrixLimit).map { view in
      let series = view.matrices.map { matrix in
        LinePlot.Series(matrix.model, matrix.singularValues.enumerated().map { (Double($0 + 1), $1) }, .exact)
      }
      let title = "layer \(view.layer), head \(view.head)"
      let plot = LinePlot(
        title: "Singular values, \(title)", horizontal: "number", vertical: "singular value", scale: .logarithmic,
        series: series)
      return "<figure><figcaption>\(HTML.escape(title.capitalized))</figcaption>\(plot.svg())</figure>"
    }
    return .init(
      id: "spectra", title: "Singular values", body: "<div class=\"plots\">\(figures.joined(separator: "\n"))</div>",
      note:
        "A matrix whose values fall fast is near one of low rank; a state-space model of state size N has rank N at most "
        + "in every block below its diagonal.")
  }

  /// Look-back of every head, and half-lives where there are decays.
  private var distances: RunReport.Section {
    let names = views.first?.matrices.map(\.model) ?? []
    func chart(_ title: String, _ value: (HeadView.Matrix) -> Double?) -> String {
      let groups = views.map { view in
        (name: "layer \(view.layer), head \(view.head)", values: view.matrices.map(value))
      }
      guard groups.contains(where: { $0.values.contains { $0 != nil } }) else { return "" }
      let chart = BarChart(title: title, unit: "tokens", series: names, groups: groups)
      return "<figure><figcaption>\(HTML.escape(title))</figcaption>\(chart.svg())</figure>"
    }
    return .init(
      id: "decays", title: "How far heads look",
      body: "<div class=\"plots\">\(chart("Look-back", \.lookBack))\(chart("Half-life of the decay", \.halfLife))</div>"
    )
  }
}
