import Foundation

/// Curves over steps as SVG: a faint raw line under a smoothed one, and dots for evaluations.
public struct LinePlot: Sendable {
  /// One curve.
  public struct Series: Sendable {
    /// Stands in the legend.
    public var label: String
    /// Horizontal and vertical values, in order; points that are not finite leave a gap.
    public var points: [(x: Double, y: Double)]
    /// How it is drawn.
    public var style: Style

    /// How a curve is drawn.
    public enum Style: Sendable {
      /// A smoothed curve over the faint raw one.
      case smoothed
      /// The values as they are.
      case exact
      /// Dots joined by a thin line.
      case dotted
    }

    /// A curve over its points.
    public init(_ label: String, _ points: [(x: Double, y: Double)], _ style: Style = .smoothed) {
      self.label = label
      self.points = points
      self.style = style
    }
  }

  /// How the vertical axis grows.
  public enum Scale: Sendable {
    /// Always this.
    case linear, logarithmic
    /// Logarithmic when all values are positive and span more than a factor of four.
    case automatic
  }

  /// Stands above the plot.
  public var title: String
  /// Name of the horizontal axis.
  public var horizontal: String
  /// Name of the vertical axis.
  public var vertical: String
  /// Of the vertical axis.
  public var scale: Scale
  /// The curves.
  public var series: [Series]

  /// One argument per property.
  public init(
    title: String, horizontal: String = "step", vertical: String = "loss", scale: Scale = .automatic, series: [Series]
  ) {
    self.title = title
    self.horizontal = horizontal
    self.vertical = vertical
    self.scale = scale
    self.series = series
  }

  /// The scale after `automatic` is decided.
  var resolvedScale: PlotAxis.Scale {
    switch scale {
    case .linear: return .linear
    case .logarithmic: return .logarithmic
    case .automatic:
      let values = series.flatMap { $0.points.map(\.y) }.filter(\.isFinite)
      guard let low = values.min(), let high = values.max() else { return .linear }
      return low > 0 && high / low > 4 ? .logarithmic : .linear
    }
  }

  /// An `<svg>` that takes its colours from the page's `--series-0…`, `--ink` and `--line`, or has its own.
  public func svg(width: Double = 460, height: Double = 270) -> String {
    let frame = PlotFrame(
      width: width, height: height, labels: series.map(\.label),
      x: PlotAxis(series.flatMap { $0.points.map(\.x) }, scale: .linear, count: 6, exactUpper: true),
      y: PlotAxis(series.flatMap { $0.points.map(\.y) }, scale: resolvedScale))
    var body = frame.axes(horizontal: horizontal, vertical: vertical)
    body += frame.legend(series.map(\.label))
    for (index, series) in series.enumerated() {
      body += series.style == .dotted ? dots(series, index, frame) : curve(series, index, frame)
    }
    return """
      <svg class="plot" viewBox="0 0 \(HTML.coordinate(width)) \(HTML.coordinate(height))" role="img" \
      xmlns="http://www.w3.org/2000/svg" font-size="12" font-family="system-ui, sans-serif">
      <title>\(HTML.escape(title))</title><desc>\(HTML.escape(summary))</desc>
      \(body)</svg>
      """
  }

  /// What the plot shows, in words.
  public var summary: String {
    series.map { series in
      let finite = series.points.filter { $0.x.isFinite && $0.y.isFinite }
      guard let first = finite.first, let last = finite.last else { return "\(series.label): no finite values" }
      let ends = "\(Number.short(first.y)) at \(horizontal) \(Number.tick(first.x))"
      return "\(series.label): from \(ends) to \(Number.short(last.y)) at \(horizontal) \(Number.tick(last.x))"
    }.joined(separator: "; ")
  }

  private func curve(_ series: Series, _ index: Int, _ frame: PlotFrame) -> String {
    let raw = CurveSampling.thinned(series.points, to: 400)
    let paint = "fill=\"none\" stroke-linejoin=\"round\" style=\"stroke:\(PlotFrame.colour(index))\""
    if series.style == .exact { return "<path d=\"\(frame.path(raw))\" \(paint) stroke-width=\"2\"/>\n" }
    let smooth = CurveSampling.thinned(CurveSampling.smoothed(series.points, logarithmic: frame.isLogarithmic), to: 200)
    return "<path d=\"\(frame.path(raw))\" \(paint) stroke-width=\"1\" opacity=\"0.28\"/>\n"
      + "<path d=\"\(frame.path(smooth))\" \(paint) stroke-width=\"2\"/>\n"
  }

  private func dots(_ series: Series, _ index: Int, _ frame: PlotFrame) -> String {
    let colour = PlotFrame.colour(index)
    let kept = series.points.count > 200 ? CurveSampling.thinned(series.points, to: 200) : series.points
    let line = "<path d=\"\(frame.path(kept))\" fill=\"none\" style=\"stroke:\(colour)\" stroke-width=\"1.5\"/>\n"
    let dots = kept.compactMap { point -> String? in
      guard let place = frame.place(point) else { return nil }
      let label = "\(series.label) \(Number.short(point.y)) at \(horizontal) \(Number.tick(point.x))"
      return """
        <circle cx="\(HTML.coordinate(place.x))" cy="\(HTML.coordinate(place.y))" r="3.5" style="fill:\(colour);\
        stroke:var(--paper, #fff)" stroke-width="1.5"><title>\(HTML.escape(label))</title></circle>

        """
    }
    return line + dots.joined()
  }
}
