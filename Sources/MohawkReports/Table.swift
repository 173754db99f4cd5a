/// A table, as aligned text or as HTML.
public struct Table: Sendable, Equatable {
  /// Where a cell's text stands.
  public enum Alignment: Sendable {
    /// At the left, as words; at the right, as numbers.
    case left, right
  }

  /// Heading and alignment of each column.
  public struct Column: Sendable, Equatable {
    /// Stands above the column.
    public var title: String
    /// Of every cell.
    public var alignment: Alignment

    /// A column under its title.
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// From left to right.
  public var columns: [Column]
  /// The cells, row by row.
  public private(set) var rows: [[String]] = []

  /// A table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one cell per column.
  public mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row needs \(columns.count) cells, not \(cells.count)")
    rows.append(cells)
  }

  /// Lines of aligned columns, two spaces apart, under their headings. Control characters become spaces.
  public var text: String {
    let cells = ([columns.map(\.title)] + rows).map { $0.map(Self.printable) }
    let widths = columns.indices.map { column in cells.map { $0[column].displayWidth }.max() ?? 0 }
    func line(_ row: [String]) -> String {
      var line = ""
      for (index, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.displayWidth)
        line += (index > 0 ? "  " : "") + (columns[index].alignment == .right ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ") + "\n"
    return line(cells[0]) + rule + cells.dropFirst().map(line).joined()
  }

  /// A `<table>`; everything is escaped. The first cell of each row is its heading.
  /// - Parameter caption: for readers who cannot see the table's surroundings.
  public func html(caption: String) -> String {
    func cell(_ tag: String, _ text: String, _ column: Column, _ attributes: String = "") -> String {
      "<\(tag)\(attributes)\(column.alignment == .right ? " class=\"number\"" : "")>\(HTML.escape(text))</\(tag)>"
    }
    let head = columns.map { cell("th", $0.title, $0, " scope=\"col\"") }.joined()
    let body = rows.map { row in
      let cells = zip(row, columns).enumerated().map { index, pair in
        index == 0 ? cell("th", pair.0, pair.1, " scope=\"row\"") : cell("td", pair.0, pair.1)
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return """
      <div class="scroll" tabindex="0" role="region" aria-label="\(HTML.escape(caption))"><table>
      <caption class="unseen">\(HTML.escape(caption))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}
