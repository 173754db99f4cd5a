/// Rows of dots as SVG: a dot for each value, and a line at their mean.
public struct StripPlot: Sendable {
  /// Stands above the plot.
  public var title: String
  /// Name of the axis.
  public var horizontal: String
  /// Name of each row and its values; those that are not finite are left out.
  public var rows: [(name: String, values: [Double])]

  /// One argument per property.
  public init(title: String, horizontal: String, rows: [(name: String, values: [Double])]) {
    self.title = title
    self.horizontal = horizontal
    self.rows = rows
  }

  /// What the plot shows, in words.
  public var summary: String {
    rows.compactMap { row in Spread(row.values).map { "\(row.name): \($0.text)" } }.joined(separator: "; ")
  }

  /// An `<svg>` coloured like `LinePlot`.
  public func svg(width: Double = 460) -> String {
    let longest = rows.map(\.name.displayWidth).max() ?? 0
    let left = min(20 + 7 * Double(longest), width / 2)
    let (right, rowHeight) = (width - 14, 24.0)
    let height = rowHeight * Double(rows.count)
    let axis = PlotAxis(rows.flatMap(\.values), scale: .linear, count: 4)
    func place(_ value: Double) -> Double { left + axis.position(value) * (right - left) }
    let faint = "style=\"fill:var(--faint, #6b7280)\""
    var body = ""
    for tick in axis.ticks {
      let x = HTML.coordinate(place(tick))
      body += """
        <line x1="\(x)" x2="\(x)" y1="2" y2="\(HTML.coordinate(height))" style="stroke:var(--line, #d8dbe2)"/>\
        <text x="\(x)" y="\(HTML.coordinate(height + 15))" text-anchor="middle" \(faint)>\(Number.tick(tick))</text>

        """
    }
    for (index, row) in rows.enumerated() {
      let y = rowHeight * (Double(index) + 0.5)
      let colour = PlotFrame.colour(index)
      let name = row.name.fitted(to: Int((left - 12) / 7))
      body += """
        <text x="\(HTML.coordinate(left - 10))" y="\(HTML.coordinate(y))" dy="0.34em" text-anchor="end" \
        style="fill:var(--ink, #1c1f26)">\(HTML.escape(name))</text>

        """
      guard let spread = Spread(row.values) else { continue }
      let mean = HTML.coordinate(place(spread.mean))
      body += """
        <line x1="\(mean)" x2="\(mean)" y1="\(HTML.coordinate(y - 8))" y2="\(HTML.coordinate(y + 8))" \
        stroke-width="2.5" style="stroke:\(colour)"/>

        """
      for value in row.values where value.isFinite {
        body += """
          <circle cx="\(HTML.coordinate(place(value)))" cy="\(HTML.coordinate(y))" r="4" opacity="0.65" \
          style="fill:\(colour)"><title>\(HTML.escape("\(row.name): \(Number.short(value))"))</title></circle>

          """
      }
    }
    let middle = HTML.coordinate((left + right) / 2)
    body +=
      "<text x=\"\(middle)\" y=\"\(HTML.coordinate(height + 33))\" text-anchor=\"middle\" \(faint)>\(HTML.escape(horizontal))</text>\n"
    return """
      <svg class="plot" viewBox="0 0 \(HTML.coordinate(width)) \(HTML.coordinate(height + 40))" role="img" \
      xmlns="http://www.w3.org/2000/svg" font-size="12" font-family="system-ui, sans-serif">
      <title>\(HTML.escape(title))</title><desc>\(HTML.escape(summary))</desc>
      \(body)</svg>
      """
  }
}
