import Foundation
import MohawkReports

/// What was measured of one stage: ours first, then the peers.
struct StageRow {
  var stage: Int
  var preset, precision: String
  var threads, tokens: Int
  var samples: [Samples]
  /// Peak memory over program, weights and moments, in MiB.
  var over: [Double]
  /// Seconds.
  var floor: Double
}

/// One row per stage, configuration, precision and number of threads.
struct StageTable {
  private var table: Table
  private let variants: Int

  init(variants: [String]) {
    self.variants = variants.count
    var columns: [Table.Column] = [
      .init("stage"), .init("size"), .init("type"), .init("threads", .right), .init("tokens/s", .right),
      .init("mohawk", .right),
    ]
    columns += variants.map { .init($0, .right) }
    if !variants.isEmpty { columns.append(.init("times the best", .right)) }
    columns += [.init("floor", .right), .init("of the floor", .right), .init("MiB", .right)]
    if !variants.isEmpty { columns += [.init("peers' MiB", .right), .init("1 /", .right)] }
    table = Table(columns)
  }

  var text: String { table.text }

  mutating func add(_ row: StageRow) {
    let ours = row.samples[0].median(\.seconds)
    var cells = [
      "\(row.stage)", row.preset, row.precision, "\(row.threads)", String(format: "%.0f", Double(row.tokens) / ours),
    ]
    cells += row.samples.map { String(format: "%.3f", $0.median(\.seconds)) }
    if variants > 0 {
      let basis = Basis.of(threads: row.threads)
      let best = row.samples.dropFirst().min { $0.median(basis) < $1.median(basis) }!
      cells.append(String(format: "%.2f", row.samples[0].ratio(of: best, basis)))
    }
    cells += [
      String(format: "%.3f", row.floor), String(format: "%.0f %%", 100 * row.floor / ours),
      String(format: "%.0f", row.over[0]),
    ]
    if variants > 0 {
      let least = row.over.dropFirst().min()!
      cells += [String(format: "%.0f", least), String(format: "%.1f", least / max(1, row.over[0]))]
    }
    table.add(cells)
  }
}
