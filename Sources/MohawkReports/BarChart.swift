/// Horizontal bars in groups as SVG, each with its value behind it.
public struct BarChart: Sendable {
  /// Stands above the chart.
  public var title: String
  /// Written behind each value, such as `ms`.
  public var unit: String
  /// What the colours mean.
  public var series: [String]
  /// Name of each group and one value per series; `nil` leaves the bar out.
  public var groups: [(name: String, values: [Double?])]

  /// One argument per property.
  public init(title: String, unit: String, series: [String], groups: [(name: String, values: [Double?])]) {
    precondition(groups.allSatisfy { $0.values.count == series.count }, "each group needs one value per series")
    self.title = title
    self.unit = unit
    self.series = series
    self.groups = groups
  }

  /// What the chart shows, in words.
  public var summary: String {
    groups.map { group in
      let values = zip(series, group.values).compactMap { name, value in
        value.map { "\(name) \(Number.tick($0)) \(unit)" }
      }
      return "\(group.name): \(values.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  /// An `<svg>` coloured like `LinePlot`.
  public func svg(width: Double = 460) -> String {
    let largest = groups.flatMap(\.values).compactMap { $0 }.filter(\.isFinite).max() ?? 1
    let labelWidth = 110.0
    let room = width - labelWidth - 82
    var body = ""
    var y = 4.0
    let ink = "style=\"fill:var(--ink, #1c1f26)\""
    for group in groups {
      body +=
        "<text x=\"0\" y=\"\(HTML.coordinate(y + 11))\" font-weight=\"600\" \(ink)>\(HTML.escape(group.name))</text>\n"
      y += 19
      for (index, value) in group.values.enumerated() {
        guard let value else { continue }
        let length = value.isFinite && largest > 0 ? max(2, value / largest * room) : 2
        let middle = HTML.coordinate(y + 10)
        body += """
          <text x="\(HTML.coordinate(labelWidth - 8))" y="\(middle)" dy="0.34em" text-anchor="end" \
          style="fill:var(--faint, #6b7280)">\(HTML.escape(series[index].fitted(to: 16)))</text>\
          <rect x="\(HTML.coordinate(labelWidth))" y="\(HTML.coordinate(y + 1))" width="\(HTML.coordinate(length))" height="18" rx="3" \
          style="fill:\(PlotFrame.colour(index))"/>\
          <text x="\(HTML.coordinate(labelWidth + length + 7))" y="\(middle)" dy="0.34em" \(ink)>\
          \(HTML.escape("\(Number.tick(value)) \(unit)"))</text>

          """
        y += 23
      }
      y += 12
    }
    return """
      <svg class="plot" viewBox="0 0 \(HTML.coordinate(width)) \(HTML.coordinate(max(20, y - 10)))" role="img" \
      xmlns="http://www.w3.org/2000/svg" font-size="12" font-family="system-ui, sans-serif">
      <title>\(HTML.escape(title))</title><desc>\(HTML.escape(summary))</desc>
      \(body)</svg>
      """
  }
}
