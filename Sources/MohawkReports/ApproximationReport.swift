import Foundation

/// How near classes of matrices come to those by which a model's heads mix: what `mohawk approximate` finds.
public struct ApproximationReport: Codable, Sendable, Equatable {
  /// One class of matrices at one order.
  public struct Row: Codable, Sendable, Equatable {
    /// Of the class.
    public let name: String
    /// N; nil for classes without.
    public let order: Int?
    /// ‖nearest − matrix‖ / ‖matrix‖, the mean over the texts, for each head in the order of `heads`.
    public let errors: [Double]
    /// How long it took.
    public let seconds: Double

    /// One argument per property.
    public init(name: String, order: Int?, errors: [Double], seconds: Double) {
      self.name = name
      self.order = order
      self.errors = errors
      self.seconds = seconds
    }

    /// Mean over the heads.
    public var mean: Double { errors.reduce(0, +) / Double(errors.count) }
    /// Standard error of the mean; nil with a single head.
    public var standardError: Double? {
      Spread(errors)?.deviation.map { $0 / Double(errors.count).squareRoot() }
    }
  }

  /// A head of the model.
  public struct Head: Codable, Sendable, Equatable {
    /// Counted from 0.
    public let layer, head: Int

    /// One argument per property.
    public init(layer: Int, head: Int) {
      self.layer = layer
      self.head = head
    }
  }

  /// Of the model.
  public let name: String
  /// Whose matrices are approximated.
  public let heads: [Head]
  /// Texts, and tokens of each.
  public let texts, length: Int
  /// Steps of gradient descent, where it is used.
  public let steps: Int
  /// Whether columns are multiplied by the lengths of their values.
  public let isWeighted: Bool
  /// The classes, in order.
  public let rows: [Row]

  /// One argument per property.
  public init(
    name: String, heads: [Head], texts: Int, length: Int, steps: Int, isWeighted: Bool, rows: [Row]
  ) {
    self.name = name
    self.heads = heads
    self.texts = texts
    self.length = length
    self.steps = steps
    self.isWeighted = isWeighted
    self.rows = rows
  }

  /// A row for each class and order.
  public var table: Table {
    var table = Table([
      .init("matrices"), .init("N", .right), .init("error", .right), .init("of that at N/2", .right),
      .init("seconds", .right),
    ])
    table.add(["zero matrix", "", "1", "", ""])
    for row in rows {
      let half = row.order.flatMap { order in rows.first { $0.name == row.name && $0.order == order / 2 } }
      table.add([
        row.name, row.order.map(String.init) ?? "",
        row.standardError.map { Number.spread(row.mean, $0) } ?? Number.short(row.mean),
        half.map { Number.short(row.mean / $0.mean) } ?? "", Number.short(row.seconds),
      ])
    }
    return table
  }

  /// How `table` is read.
  public static let note =
    "Error: ‖nearest − matrix‖ / ‖matrix‖ on and below the diagonal, the mean over texts, then over heads ± its standard "
    + "error. Toeplitz, Monarch and the best window are the nearest there are, low rank and SSD are found by gradient "
    + "descent, semiseparable matrices by truncation, or those of SSD where they are nearer, as they are semiseparable too."

  /// The page.
  public var html: String {
    let measure = isWeighted ? " Columns are multiplied by the lengths of their values." : ""
    return ReportPage.html(
      title: "\(name) – MOHAWK approximation", kicker: "Approximation of mixing matrices", heading: name,
      lead: "\(heads.count) head\(heads.count == 1 ? "" : "s"), \(texts) texts of \(length) tokens each.\(measure)",
      top: "",
      sections: [
        .init(id: "plot", title: "Error by order", body: "<div class=\"plots\"><figure>\(plot.svg())</figure></div>"),
        .init(id: "table", title: "Numbers", body: table.html(caption: "Errors by class"), note: Self.note),
        .init(id: "heads", title: "Heads", body: headTable.html(caption: "Errors by head")),
      ], footer: "Made by swift-mohawk.")
  }

  /// Errors over orders; classes without an order are level lines.
  private var plot: LinePlot {
    let orders = rows.compactMap(\.order).map(Double.init)
    let (least, most) = (orders.min() ?? 0, orders.max() ?? 1)
    var names: [String] = []
    for row in rows where !names.contains(row.name) { names.append(row.name) }
    let series = names.map { name in
      let own = rows.filter { $0.name == name }
      if let order = own[0].order, own.count == 1 {
        return LinePlot.Series(name, [(Double(order), own[0].mean)], .dotted)
      }
      guard own[0].order != nil else {
        return LinePlot.Series(name, [(least, own[0].mean), (most, own[0].mean)], .exact)
      }
      return LinePlot.Series(name, own.map { (Double($0.order!), $0.mean) }, .dotted)
    }
    return LinePlot(
      title: "Error of the nearest matrix", horizontal: "N", vertical: "relative error", scale: .linear, series: series)
  }

  private var headTable: Table {
    var table = Table(
      [.init("layer", .right), .init("head", .right)]
        + rows.map { .init($0.name + ($0.order.map { " \($0)" } ?? ""), .right) })
    for (index, head) in heads.enumerated() {
      table.add(["\(head.layer)", "\(head.head)"] + rows.map { Number.short($0.errors[index]) })
    }
    return table
  }
}
