extension RunReport {
  /// At most this many pairs are drawn; a page with more would be too heavy to open.
  static let matrixLimit = 96

  /// Mixing matrices side by side, and what follows from them.
  var matrixSections: [Section] {
    guard !matrices.isEmpty else { return [] }
    let shown = shownMatrices
    let note = shown.count < matrices.count ? " \(shown.count) of \(matrices.count) pairs are shown." : ""
    return [MatrixPanels.section(shown.map(Self.panels), note: note)] + HeadSections(views: shown.map(\.view)).all
  }

  private var shownMatrices: [MatrixPair] {
    let sorted = matrices.sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }
    guard sorted.count > Self.matrixLimit else { return sorted }
    return (0..<Self.matrixLimit).map { sorted[$0 * sorted.count / Self.matrixLimit] }
  }

  private static func panels(_ pair: MatrixPair) -> MatrixPanels {
    let limit = HeatMap.largest(pair.teacher, pair.size)
    func panel(_ title: String, _ values: [Float], _ fact: String, _ colours: HeatMap.Colours = .matrix)
      -> MatrixPanels.Panel
    {
      .init(title: title, map: HeatMap(size: pair.size, values: values, colours: colours, limit: limit), fact: fact)
    }
    var panels = [
      panel("Teacher", pair.teacher, "largest entry \(largest(pair.teacher, pair.size))"),
      panel(
        pair.oriented == nil ? "Student" : "Student at the end", pair.student,
        "largest entry \(largest(pair.student, pair.size))"),
      panel("Student − teacher", pair.difference, "distance \(Number.short(pair.distance))", .difference),
    ]
    if let oriented = pair.oriented {
      let after = MatrixPair(
        layer: pair.layer, head: pair.head, size: pair.size, teacher: pair.teacher, student: oriented)
      panels.insert(panel("Student after stage 1", oriented, "distance \(Number.short(after.distance))"), at: 1)
    }
    let relative = pair.relativeDistance
    let share = relative.isFinite ? ", \(percent(relative)) of the teacher’s norm" : ""
    return MatrixPanels(
      layer: pair.layer, head: pair.head, fact: "Frobenius distance \(Number.short(pair.distance))\(share)",
      panels: panels)
  }

  private static func largest(_ values: [Float], _ size: Int) -> String {
    Number.short(Double(HeatMap.largest(values, size)))
  }
}
