import Foundation

/// Pictures of one head's matrices beside each other.
struct MatrixPanels {
  /// One picture.
  struct Panel {
    let title: String
    let map: HeatMap
    /// Stands below the title.
    let fact: String
  }

  let layer: Int
  let head: Int
  /// Stands behind layer and head.
  var fact = ""
  let panels: [Panel]

  /// Markup of the panels under their heading.
  var html: String {
    let images = panels.map { panel in
      let size = panel.map.size
      let words = "\(panel.title), layer \(layer), head \(head): \(size) by \(size) causal matrix, \(panel.fact)"
      return """
        <figure><img src="\(panel.map.dataAddress)" width="\(size)" height="\(size)" alt="\(HTML.escape(words))">\
        <figcaption>\(HTML.escape(panel.title))<span>\(HTML.escape(panel.fact))</span></figcaption></figure>
        """
    }
    return """
      <div class="pair" data-layer="\(layer)" data-head="\(head)">
      <h3>\(HTML.escape("Layer \(layer), head \(head)"))<span>\(HTML.escape(fact))</span></h3>
      <div class="panels">\(images.joined())</div>
      </div>
      """
  }

  /// A section of a page that shows one head at a time.
  /// - Parameter note: stands behind what is said of all matrices.
  static func section(_ heads: [MatrixPanels], note: String) -> RunReport.Section {
    let pickers =
      picker("Layer", "layer", Set(heads.map(\.layer)).sorted())
      + picker("Head", "head", Set(heads.map(\.head)).sorted())
    let body = """
      <div class="pickers" hidden>\(pickers)</div>
      <div class="pairs">
      \(heads.map(\.html).joined(separator: "\n"))
      </div>
      \(legend)
      """
    return RunReport.Section(
      id: "matrices", title: "Mixing matrices", body: body,
      note: "Row i shows how much token i takes from each earlier token. All panels share the teacher’s scale, and "
        + "larger values saturate; lightness grows with the square root of the value.\(note)")
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
