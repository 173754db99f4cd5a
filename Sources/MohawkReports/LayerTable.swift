/// The layers of a student as columns: its errors beside those of the best exponential window, and what its heads remember.
///
/// A column that no layer has a value for is left out.
public struct LayerTable {
  /// A title and a cell for each layer that was measured.
  public struct Column {
    /// Such as `output error`.
    public let title: String
    /// A text for each layer.
    public let cells: [String]
  }

  private let layers: [EvaluationSummary.LayerDistance]

  /// Of the measured layers of a student.
  public init(_ layers: [EvaluationSummary.LayerDistance]) { self.layers = layers }

  /// Distances, errors and windows' errors in turn, then what heads remember.
  public var columns: [Column] {
    [
      numbers("matrix distance") { $0.matrix }, numbers("matrix error") { $0.matrixError },
      numbers("window's") { $0.window?.matrix }, numbers("weighted error") { $0.weightedError },
      numbers("window's") { $0.window?.weighted }, numbers("output distance") { $0.hidden },
      numbers("output error") { $0.outputError }, numbers("window's") { $0.window?.output },
      spans("half-lives") { $0.halfLives }, spans("D") { $0.skips },
    ].compactMap { $0 }
  }

  /// One row per layer: its number, the columns, its mixer.
  public var table: Table {
    let columns = columns
    var table = Table(
      [.init("layer", .right)] + columns.map { .init($0.title, .right) } + [.init("mixer")])
    for (row, layer) in layers.enumerated() {
      table.add(
        ["\(layer.layer)"] + columns.map { $0.cells[row] } + [
          layer.keepsAttention ? "attention, kept" : layer.mixer ?? ""
        ])
    }
    return table
  }

  /// How to read the errors, and what averaging alike reaches; nil when nothing was compared with.
  public var note: String? {
    guard layers.contains(where: { $0.window != nil }) else { return nil }
    func mean(_ value: (EvaluationSummary.LayerDistance) -> Double?) -> String {
      let known = layers.compactMap(value).filter(\.isFinite)
      return known.isEmpty ? "–" : Number.short(known.reduce(0, +) / Double(known.count))
    }
    let memory = layers.contains { $0.halfLives != nil }
    return
      "The zero matrix, and a mixer that puts out nothing, have an error of 1. Weighted: every column multiplied by "
      + "the length of the teacher's value there. Window's: of the best single exponential window of each head, "
      + "fitted to this text. Averaging all tokens so far alike has the errors \(mean { $0.uniform?.matrix }) "
      + "(matrix), \(mean { $0.uniform?.weighted }) (weighted) and \(mean { $0.uniform?.output }) (output) in the "
      + "mean of the layers." + (memory ? " Half-lives in tokens and D: least, median, most of the heads." : "")
  }

  private func numbers(_ title: String, _ value: (EvaluationSummary.LayerDistance) -> Double?) -> Column? {
    let values = layers.map(value)
    guard values.contains(where: { $0 != nil }) else { return nil }
    return Column(title: title, cells: values.map { $0.map(RunReport.cell) ?? "–" })
  }

  private func spans(_ title: String, _ value: (EvaluationSummary.LayerDistance) -> [Double]?) -> Column? {
    let values = layers.map(value)
    guard values.contains(where: { $0 != nil }) else { return nil }
    return Column(
      title: title,
      cells: values.map { heads in
        guard let sorted = heads?.sorted(), !sorted.isEmpty else { return "–" }
        return [sorted[0], sorted[sorted.count / 2], sorted[sorted.count - 1]].map(Number.short).joined(separator: " ")
      })
  }
}
