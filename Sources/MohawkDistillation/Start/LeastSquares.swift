/// The sums from which weights of features follow by least squares.
struct NormalEquations {
  /// Products of the features with each other, row by row.
  var gram: [Double]
  /// Products of the features with what they are to explain.
  var right: [Double]
  /// Squared length of what they are to explain.
  var square: Double

  /// How many features there are.
  var count: Int { right.count }

  /// The solution with this share of the diagonal added to it, and what is left unexplained: squared.
  func solved(ridge: Double) -> (weights: [Double], residual: Double) {
    var matrix = gram
    for index in 0..<count {
      matrix[(count + 1) * index] += ridge * gram[(count + 1) * index] + Double.leastNormalMagnitude
    }
    let weights = Self.solve(matrix, right)
    return (weights, residual(weights))
  }

  /// What features with these weights leave unexplained: squared.
  func residual(_ weights: [Double]) -> Double {
    var residual = square
    for row in 0..<count {
      residual -= 2 * weights[row] * right[row]
      for column in 0..<count { residual += weights[row] * gram[count * row + column] * weights[column] }
    }
    return max(0, residual)
  }

  /// The equations of what these weights leave.
  func left(by weights: [Double]) -> NormalEquations {
    let explained = (0..<count).map { row in
      (0..<count).reduce(0) { $0 + gram[count * row + $1] * weights[$1] }
    }
    return NormalEquations(gram: gram, right: zip(right, explained).map { $0 - $1 }, square: residual(weights))
  }

  /// The equations of some of the features alone.
  func selecting(_ features: [Int]) -> NormalEquations {
    NormalEquations(
      gram: features.flatMap { row in features.map { gram[count * row + $0] } }, right: features.map { right[$0] },
      square: square)
  }

  /// The equations of other features, each a sum of these with the weights of one column.
  func combined(_ columns: [[Double]]) -> NormalEquations {
    let images = columns.map { column in
      (0..<count).map { row in
        column.indices.reduce(0) { $0 + gram[count * row + $1] * column[$1] }
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return NormalEquations(
      gram: columns.flatMap { row in images.map { dot(row, $0) } }, right: columns.map { dot($0, right) },
      square: square)
  }

  /// Gaussian elimination of a symmetric, positive matrix.
  private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double] {
    let size = right.count
    var (a, b) = (matrix, right)
    for pivot in 0..<size {
      for row in (pivot + 1)..<max(size, pivot + 1) where a[(size + 1) * pivot] != 0 {
        let factor = a[size * row + pivot] / a[(size + 1) * pivot]
        for column in pivot..<size { a[size * row + column] -= factor * a[size * pivot + column] }
        b[row] -= factor * b[pivot]
      }
    }
    for row in (0..<size).reversed() {
      for column in (row + 1)..<max(size, row + 1) { b[row] -= a[size * row + column] * b[column] }
      b[row] = a[(size + 1) * row] > 0 ? b[row] / a[(size + 1) * row] : 0
    }
    return b
  }
}
