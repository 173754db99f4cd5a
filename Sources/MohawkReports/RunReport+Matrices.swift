import Foundation

extension RunReport {
  /// At most this many pairs are drawn; a page with more would be too heavy to open.
  static let matrixLimit = 96

  /// Mixing matrices side by side.
  var matrixSection: Section? {
    guard !matrices.isEmpty else { return nil }
    let sorted = matrices.sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }
    let shown: [MatrixPair] =
      sorted.count <= Self.matrixLimit
      ? sorted : (0..<Self.matrixLimit).map { sorted[$0 * sorted.count / Self.matrixLimit] }
    let layers = Set(shown.map(\.layer)).sorted()
    let heads = Set(shown.map(\.head)).sorted()
    let pickers = Self.picker("Layer", "layer", layers) + Self.picker("Head", "head", heads)
    let left = sorted.count - shown.count
    let note = left > 0 ? " \(shown.count) of \(sorted.count) pairs are shown." : ""
    let body = """
      <div class="pickers" hidden>\(pickers)</div>
      <div class="pairs">
      \(shown.map(Self.pair).joined(separator: "\n"))
      </div>
      \(Self.legend)
      """
    return Section(
      id: "matrices", title: "Mixing matrices", body: body,
      note: "Row i shows how much token i takes from each earlier token. All panels share the teacher’s scale, and "
        + "larger values saturate; lightness grows with the square root of the value.\(note)")
  }

  private static func pair(_ pair: MatrixPair) -> String {
    let limit = HeatMap.largest(pair.teacher, pair.size)
    let name = "layer \(pair.layer), head \(pair.head)"
    let size = "\(pair.size) by \(pair.size)"
    var panels: [(String, HeatMap, String)] = [
      (
        "Teacher", HeatMap(size: pair.size, values: pair.teacher, limit: limit),
        "largest entry \(largest(pair.teacher, pair.size))"
      ),
      (
        "Student", HeatMap(size: pair.size, values: pair.student, limit: limit),
        "largest entry \(largest(pair.student, pair.size))"
      ),
      (
        "Student − teacher", HeatMap(size: pair.size, values: pair.difference, colours: .difference, limit: limit),
        "distance \(Number.short(pair.distance))"
      ),
    ]
    if let oriented = pair.oriented {
      let after = MatrixPair(
        layer: pair.layer, head: pair.head, size: pair.size, teacher: pair.teacher, student: oriented)
      let map = HeatMap(size: pair.size, values: oriented, limit: limit)
      panels.insert(("Student after stage 1", map, "distance \(Number.short(after.distance))"), at: 1)
      panels[2].0 = "Student at the end"
    }
    let images = panels.map { title, map, fact in
      """
      <figure><img src="\(map.dataAddress)" width="\(pair.size)" height="\(pair.size)" \
      alt="\(HTML.escape("\(title), \(name): \(size) causal matrix, \(fact)"))">\
      <figcaption>\(HTML.escape(title))<span>\(HTML.escape(fact))</span></figcaption></figure>
      """
    }
    let relative = pair.relativeDistance
    let share = relative.isFinite ? ", \(percent(relative)) of the teacher’s norm" : ""
    return """
      <div class="pair" data-layer="\(pair.layer)" data-head="\(pair.head)">
      <h3>\(HTML.escape("Layer \(pair.layer), head \(pair.head)"))<span>\(HTML.escape("Frobenius distance \(Number.short(pair.distance))\(share)"))</span></h3>
      <div class="panels">\(images.joined())</div>
      </div>
      """
  }

  private static func largest(_ values: [Float], _ size: Int) -> String {
    Number.short(Double(HeatMap.largest(values, size)))
  }

  private static func picker(_ title: String, _ name: String, _ values: [Int]) -> String {
    guard values.count > 1 else { return "" }
    let options = values.map { value in
      """
      <label><input type="radio" name="\(name)" value="\(value)"\(value == values[0] ? " checked" : "")>\
      <span>\(value)</span></label>
      """
    }
    return "<fieldset><legend>\(title)</legend>\(options.joined())</fieldset>"
  }

  private static var legend: String {
    func gradient(_ map: (Double) -> PNG.Colour, _ fractions: [Double]) -> String {
      fractions.map { fraction in
        let colour = map(fraction)
        return
          "rgb(\(colour.red) \(colour.green) \(colour.blue) / \(String(format: "%.2f", Double(colour.alpha) / 255)))"
      }.joined(separator: ",")
    }
    let steps = (0...10).map { Double($0) / 10 }
    let matrix = gradient(ColourMap.falling, steps.dropFirst(1).reversed()) + "," + gradient(ColourMap.rising, steps)
    let difference = gradient(ColourMap.difference, (-10...10).map { Double($0) / 10 })
    return """
      <div class="legend" aria-hidden="true">
      <div><i style="background:linear-gradient(90deg,\(matrix))"></i><p><span>negative</span><span>0</span><span>positive</span></p></div>
      <div><i style="background:linear-gradient(90deg,\(difference))"></i><p><span>student lower</span><span>same</span><span>student higher</span></p></div>
      </div>
      """
  }
}
