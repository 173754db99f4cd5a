import Foundation

/// Singular values of small matrices, by the one-sided method of Jacobi (Hestenes 1958): rotations of pairs of columns until
/// all are orthogonal; their lengths are the singular values, small ones too to full relative accuracy.
public enum SingularValues {
  /// The singular values of a square matrix, the largest first.
  /// - Parameters:
  ///   - values: row-major, `size * size`; NaN where they are not all finite.
  ///   - size: rows and columns.
  public static func of(_ values: [Float], _ size: Int) -> [Double] {
    precondition(values.count == size * size, "\(values.count) values do not fill \(size) rows")
    guard values.allSatisfy(\.isFinite) else { return [Double](repeating: .nan, count: size) }
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<size { for column in 0..<size { matrix[column * size + row] = Double(values[row * size + column]) } }
    matrix.withUnsafeMutableBufferPointer { columns in
      for _ in 0..<60 where !sweep(columns, size) { break }
    }
    return (0..<size).map { column in
      matrix[column * size..<(column + 1) * size].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }.sorted(by: >)
  }

  /// How many of the largest hold this share of the sum of squares; 0 where there is none.
  public static func rank(_ values: [Double], share: Double) -> Int {
    let total = values.reduce(0) { $0 + $1 * $1 }
    guard total > 0, total.isFinite else { return 0 }
    var sum = 0.0
    for (index, value) in values.enumerated() {
      sum += value * value
      if sum >= share * total { return index + 1 }
    }
    return values.count
  }

  /// Makes every pair of columns orthogonal once; says whether any was not.
  private static func sweep(_ columns: UnsafeMutableBufferPointer<Double>, _ size: Int) -> Bool {
    var hasTurned = false
    for first in 0..<size {
      for second in first + 1..<max(size, first + 1) {
        let (a, b) = (columns.baseAddress! + first * size, columns.baseAddress! + second * size)
        var (aa, bb, ab) = (0.0, 0.0, 0.0)
        for row in 0..<size {
          aa += a[row] * a[row]
          bb += b[row] * b[row]
          ab += a[row] * b[row]
        }
        if abs(ab) <= 1e-14 * (aa * bb).squareRoot() || ab == 0 { continue }
        hasTurned = true
        let ratio = (bb - aa) / (2 * ab)
        let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
        let cosine = 1 / (1 + tangent * tangent).squareRoot()
        let sine = cosine * tangent
        for row in 0..<size {
          let (x, y) = (a[row], b[row])
          a[row] = cosine * x - sine * y
          b[row] = sine * x + cosine * y
        }
      }
    }
    return hasTurned
  }
}
