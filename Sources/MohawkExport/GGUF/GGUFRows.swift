import MohawkGGUF
import MohawkTensor

/// A tensor on its way into a file: rows, one part after the other, each made when its turn comes.
struct GGUFRows {
  /// Row-major; the parts are joined along the first dimension.
  let shape: [Int]
  private let parts: [() -> Tensor]

  /// - Parameter make: gives a tensor of this shape.
  init(_ shape: [Int], _ make: @escaping () -> Tensor) {
    self.init(shape, parts: [make])
  }

  private init(_ shape: [Int], parts: [() -> Tensor]) {
    self.shape = shape
    self.parts = parts
  }

  /// The same number everywhere.
  static func constant(_ value: Double, _ shape: [Int]) -> GGUFRows {
    GGUFRows(shape, parts: shape.contains(0) ? [] : [{ .full(shape, value) }])
  }

  /// One below the other; their rows are of one shape.
  static func joined(_ all: [GGUFRows]) -> GGUFRows {
    let rows = all.reduce(0) { $0 + $1.shape[0] }
    return GGUFRows([rows] + all[0].shape.dropFirst(), parts: all.flatMap(\.parts))
  }

  /// The same numbers in another shape.
  func reshaped(_ shape: Int...) -> GGUFRows {
    precondition(shape.reduce(1, *) == self.shape.reduce(1, *), "\(self.shape) cannot become \(shape)")
    return GGUFRows(shape, parts: parts)
  }

  /// Rows with zeros behind them.
  func widened(by columns: Int) -> GGUFRows {
    if columns == 0 { return self }
    let wide = shape.dropLast() + [shape.last! + columns]
    return GGUFRows(
      Array(wide),
      parts: parts.map { make in
        {
          let rows = make()
          return .concatenated([rows, .zeros(rows.shape.dropLast() + [columns], rows.dtype, on: rows.device)], -1)
        }
      })
  }

  /// Every number by itself, computed in doubles.
  func mapped(_ change: @escaping (Tensor) -> Tensor) -> GGUFRows {
    GGUFRows(shape, parts: parts.map { make in { change(make().to(.float64)) } })
  }

  /// Numbers of a part that are made into floats at once.
  private static let piece = 1 << 20

  /// Hands all numbers to a sink, never more than a part and a piece in memory.
  func write(to sink: GGUFSink) throws {
    try withoutGradients {
      for make in parts {
        let part = make()
        let rows = part.size(0)
        let step = max(1, Self.piece / max(1, part.count / rows))
        for start in stride(from: 0, to: rows, by: step) {
          try sink.append(part.narrowed(0, from: start, length: min(step, rows - start)).floats())
        }
      }
    }
  }
}
