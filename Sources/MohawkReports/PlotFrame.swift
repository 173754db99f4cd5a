/// The drawing area of a plot: grid, ticks, legend, and where points lie.
struct PlotFrame {
  let width: Double
  let height: Double
  let x: PlotAxis
  let y: PlotAxis
  private let left: Double
  private let right = 10.0
  private let top: Double
  private let bottom = 38.0
  /// Where the entries of the legend start.
  private let legendPlaces: [(x: Double, y: Double)]

  init(width: Double, height: Double, labels: [String], x: PlotAxis, y: PlotAxis) {
    self.width = width
    self.height = height
    self.x = x
    self.y = y
    left = 18 + 7.4 * Double(y.ticks.map { Number.tick($0).count }.max() ?? 1)
    legendPlaces = labels.count > 1 ? Self.places(labels, from: left, to: width - right) : []
    top = legendPlaces.last.map { $0.y + 16 } ?? 24
  }

  var isLogarithmic: Bool { y.scale == .logarithmic }

  /// The colour of the series at `index`.
  static func colour(_ index: Int) -> String {
    let own = ["#2563eb", "#c2570c", "#0f8a6d", "#9333ea", "#be185d", "#4d7c0f", "#0e7490", "#78716c"]
    return "var(--series-\(index % own.count), \(own[index % own.count]))"
  }

  /// Where a point lies, or `nil` when it is not finite or not on the axis.
  func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double)? {
    guard point.x.isFinite, abs(point.y) < 1e100, !isLogarithmic || point.y > 1e-100 else { return nil }
    return (
      left + x.position(point.x) * (width - left - right),
      height - bottom - y.position(point.y) * (height - top - bottom)
    )
  }

  /// The `d` of a line through the points, broken at those without a place.
  func path(_ points: [(x: Double, y: Double)]) -> String {
    var path = ""
    var isDown = false
    for point in points {
      guard let place = place(point) else {
        isDown = false
        continue
      }
      path += "\(isDown ? "L" : "M")\(HTML.coordinate(place.x)) \(HTML.coordinate(place.y))"
      isDown = true
    }
    return path
  }

  func axes(horizontal: String, vertical: String) -> String {
    let text = "style=\"fill:var(--faint, #6b7280)\""
    let line = "style=\"stroke:var(--line, #d8dbe2)\""
    var body = ""
    for tick in y.ticks {
      let height = HTML.coordinate(self.height - bottom - y.position(tick) * (self.height - top - bottom))
      body += """
        <line x1="\(HTML.coordinate(left))" x2="\(HTML.coordinate(width - right))" y1="\(height)" y2="\(height)" \(line)/>\
        <text x="\(HTML.coordinate(left - 7))" y="\(height)" dy="0.34em" text-anchor="end" \(text)>\(Number.tick(tick))</text>

        """
    }
    for tick in x.ticks {
      let place = left + x.position(tick) * (width - left - right)
      let anchor = place > width - right - 12 ? "end" : "middle"
      body += """
        <text x="\(HTML.coordinate(place))" y="\(HTML.coordinate(height - bottom + 16))" text-anchor="\(anchor)" \
        \(text)>\(Number.tick(tick))</text>

        """
    }
    let middle = HTML.coordinate((left + width - right) / 2)
    let note = isLogarithmic ? " (log scale)" : ""
    body += """
      <text x="\(middle)" y="\(HTML.coordinate(height - 5))" text-anchor="middle" \(text)>\(HTML.escape(horizontal))</text>
      <text x="2" y="12" \(text)>\(HTML.escape(vertical))\(note)</text>

      """
    return body
  }

  func legend(_ labels: [String]) -> String {
    var body = ""
    for (index, (label, place)) in zip(labels, legendPlaces).enumerated() {
      let (x, y) = (HTML.coordinate(place.x), HTML.coordinate(place.y))
      body += """
        <rect x="\(x)" y="\(y)" width="12" height="4" rx="2" style="fill:\(Self.colour(index))"/>\
        <text x="\(HTML.coordinate(place.x + 17))" y="\(HTML.coordinate(place.y + 6))" style="fill:var(--ink, #1c1f26)">\
        \(HTML.escape(label))</text>

        """
    }
    return body
  }

  private static func places(_ labels: [String], from left: Double, to right: Double) -> [(x: Double, y: Double)] {
    var (x, y) = (left, 24.0)
    return labels.map { label in
      let width = 17 + Double(label.displayWidth) * 7.4 + 14
      if x + width > right && x > left { (x, y) = (left, y + 18) }
      defer { x += width }
      return (x, y)
    }
  }
}
