import Foundation

/// The page of `mohawk show`: pictures of matrices, their singular values, and how far heads look.
public struct HeadPage {
  /// What is shown, such as a model's name.
  public var name: String
  /// The text that the models read.
  public var text: String
  /// The heads, in order.
  public var views: [HeadView]

  /// One argument per property.
  public init(name: String, text: String, views: [HeadView]) {
    self.name = name
    self.text = text
    self.views = views
  }

  /// One file without outside resources.
  public var html: String {
    let size = views.first?.size ?? 0
    return ReportPage.html(
      title: "\(name) – MOHAWK matrices", kicker: "Mixing matrices", heading: name,
      lead: "\(views.count) head\(views.count == 1 ? "" : "s") over \(size) tokens.", top: "",
      sections: [headSection, tableSection, spectrumSection, decaySection, textSection].compactMap { $0 },
      footer: "Made by swift-mohawk.")
  }

  private var headSection: RunReport.Section {
    let pairs = views.map { view in
      MatrixPanels(
        layer: view.layer, head: view.head, fact: view.error.map { "error \(Number.short($0))" } ?? "",
        panels: view.pictures.map { name, map in
          let fact =
            view.matrices.first { $0.model == name }.map { "norm \(Number.short($0.norm)), rank \($0.rank)" }
            ?? "second − first"
          return .init(title: name.capitalized, map: map, fact: fact)
        })
    }
    return MatrixPanels.section(pairs, note: "")
  }

  private var tableSection: RunReport.Section {
    .init(
      id: "heads", title: "Heads", body: HeadView.table(views).html(caption: "Numbers of every head"),
      note: HeadView.note)
  }

  /// Singular values of every head, a plot for each.
  private var spectrumSection: RunReport.Section {
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
  private var decaySection: RunReport.Section {
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

  private var textSection: RunReport.Section {
    .init(id: "text", title: "Text", body: "<pre tabindex=\"0\">\(HTML.escape(text))</pre>")
  }
}
