import Foundation

/// One head of one or two models over the same text: their matrices, and what follows from them.
public struct HeadView: Codable, Sendable, Equatable {
  /// One model's matrix.
  public struct Matrix: Codable, Sendable, Equatable {
    /// `teacher`, `student` or `model`.
    public let model: String
    /// `[size, size]`, row-major; only what lies on and below the diagonal counts.
    public let values: [Float]
    /// Half-life of the head's decay in tokens; nil of a mixer without one.
    public let halfLife: Double?
    /// The largest first.
    public let singularValues: [Double]
    /// Tokens that the head looks back: Σ |M_ij| (i − j) / Σ |M_ij|.
    public let lookBack: Double
    /// Frobenius norm.
    public let norm: Double

    /// Measures a matrix.
    public init(_ model: String, _ values: [Float], size: Int, halfLife: Double? = nil) {
      self.model = model
      self.values = values
      self.halfLife = halfLife
      singularValues = SingularValues.of(values, size)
      var (weight, distance, squares) = (0.0, 0.0, 0.0)
      for row in 0..<size {
        for column in 0...row {
          let entry = abs(Double(values[row * size + column]))
          weight += entry
          distance += entry * Double(row - column)
          squares += entry * entry
        }
      }
      lookBack = distance / weight
      norm = squares.squareRoot()
    }

    /// Singular values that hold 99 % of the sum of squares.
    public var rank: Int { SingularValues.rank(singularValues, share: 0.99) }
  }

  /// Counted from 0.
  public let layer: Int
  /// Counted from 0.
  public let head: Int
  /// Rows and columns: tokens of the text.
  public let size: Int
  /// Of the models, the teacher first.
  public let matrices: [Matrix]

  /// One argument per property.
  public init(layer: Int, head: Int, size: Int, matrices: [Matrix]) {
    self.layer = layer
    self.head = head
    self.size = size
    self.matrices = matrices
  }

  /// Second model − first; nil where there is one model.
  public var difference: [Float]? {
    matrices.count == 2 ? zip(matrices[1].values, matrices[0].values).map { $0 - $1 } : nil
  }

  /// ‖second − first‖ / ‖first‖; nil where there is one model.
  public var error: Double? {
    difference.map { $0.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() / matrices[0].norm }
  }

  /// A picture of each matrix, and of their difference, all on the scale of the first.
  public var pictures: [(name: String, map: HeatMap)] {
    let limit = HeatMap.largest(matrices[0].values, size)
    let own = matrices.map { (name: $0.model, map: HeatMap(size: size, values: $0.values, limit: limit)) }
    return own
      + (difference.map { [("difference", HeatMap(size: size, values: $0, colours: .difference, limit: limit))] } ?? [])
  }

  /// A row for each head; half-lives where some head has one.
  public static func table(_ views: [HeadView]) -> Table {
    let names = views.first?.matrices.map(\.model) ?? []
    var parts: [(name: String, of: (Matrix) -> String)] = [
      ("norm", { Number.short($0.norm) }), ("rank", { "\($0.rank)" }), ("look-back", { Number.short($0.lookBack) }),
    ]
    if views.contains(where: { $0.matrices.contains { $0.halfLife != nil } }) {
      parts.append(("half-life", { $0.halfLife.map(Number.short) ?? "–" }))
    }
    var columns = [Table.Column("layer", .right), .init("head", .right)]
    for part in parts {
      columns += names.map { .init(names.count == 1 ? part.name : "\(part.name), \($0)", .right) }
    }
    if names.count == 2 { columns.append(.init("error", .right)) }
    var table = Table(columns)
    for view in views {
      table.add(
        ["\(view.layer)", "\(view.head)"] + parts.flatMap { view.matrices.map($0.of) }
          + (names.count == 2 ? [view.error.map(Number.short) ?? "–"] : []))
    }
    return table
  }

  /// How `table` is read.
  public static let note =
    "Norm: of the matrix. Rank: singular values that hold 99 % of the sum of squares. Look-back: mean distance in tokens, "
    + "weighted by |entry|. Half-life: tokens after which half of one is left, where a head has one decay. Error: "
    + "‖student − teacher‖ / ‖teacher‖; the student's mixers see what enters the teacher's."
}
