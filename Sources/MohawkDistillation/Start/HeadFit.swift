import Foundation

/// What a state-space head starts as in place of an attention head: a decay and three numbers.
///
/// The head's matrix is (α + β q·k/√d) aⁱ⁻ʲ below and on the diagonal, with δ added on it.
public struct HeadFit: Sendable, Equatable {
  /// a: what is left of a token after one step, between 0 and 1.
  public var decay: Double
  /// α: the weight of every token whatever it says.
  public var uniform: Double
  /// β: the weight of the scores q·k/√d.
  public var content: Double
  /// δ: the weight of the token itself.
  public var skip: Double
  /// ‖fitted context − context‖ / ‖context‖ on the calibration text; a head that puts out nothing has 1.
  public var error: Double

  /// Tokens after which half of a token is left.
  public var halfLife: Double { decay <= 0 ? 0 : -1 / log2(decay) }
}

/// The sums from which α, β and δ of a head follow by least squares, for one decay.
struct NormalEquations {
  /// Products of the three features with each other, row by row, [9].
  var gram: [Double]
  /// Products of the features with the context.
  var right: [Double]
  /// The context's squared length.
  var square: Double

  /// The solution with this share of the diagonal added to it, and what is left of the context: squared.
  func solved(ridge: Double) -> (weights: [Double], residual: Double) {
    var matrix = gram
    for index in 0..<3 { matrix[4 * index] += ridge * gram[4 * index] + Double.leastNormalMagnitude }
    let weights = Self.solve(matrix, right)
    var residual = square
    for row in 0..<3 {
      residual -= 2 * weights[row] * right[row]
      for column in 0..<3 { residual += weights[row] * gram[3 * row + column] * weights[column] }
    }
    return (weights, max(0, residual))
  }

  /// Gaussian elimination of a symmetric, positive matrix of three rows.
  private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double] {
    var (a, b) = (matrix, right)
    for pivot in 0..<3 {
      for row in (pivot + 1)..<3 where a[4 * pivot] != 0 {
        let factor = a[3 * row + pivot] / a[4 * pivot]
        for column in pivot..<3 { a[3 * row + column] -= factor * a[3 * pivot + column] }
        b[row] -= factor * b[pivot]
      }
    }
    for row in (0..<3).reversed() {
      for column in (row + 1)..<3 { b[row] -= a[3 * row + column] * b[column] }
      b[row] = a[4 * row] > 0 ? b[row] / a[4 * row] : 0
    }
    return b
  }
}
