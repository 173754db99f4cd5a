import MohawkReports

/// What is copied and what is drawn afresh, layers of one kind and shape in one line.
enum TransferTable {
  static func text(_ rows: [WeightTransferRow]) -> String {
    var order: [String] = []
    var groups: [String: (row: WeightTransferRow, count: Int)] = [:]
    for row in rows {
      let pattern = "\(withoutIndex(row.student))|\(row.how)|\(row.shape)"
      if groups[pattern] == nil {
        order.append(pattern)
        groups[pattern] = (row, 0)
      }
      groups[pattern]!.count += 1
    }
    var table = Table([
      .init("student's parameter"), .init("shape"), .init("times", .right), .init("values"), .init("from"),
    ])
    for pattern in order {
      let (row, count) = groups[pattern]!
      table.add([
        withoutIndex(row.student), "\(row.shape)", "\(count)", row.how, row.teacher.map(withoutIndex) ?? "",
      ])
    }
    return table.text
  }

  private static func withoutIndex(_ name: String) -> String {
    name.split(separator: ".").map { Int($0) == nil ? String($0) : "*" }.joined(separator: ".")
  }
}
