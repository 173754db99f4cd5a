import MohawkTensor

/// Matrices whose blocks on and below the diagonal have a rank of N at most: those of linear recurrences with N numbers of
/// state, whatever its transitions.
enum SemiseparableTruncation {
  /// Powers of an inverse that find a smallest direction.
  private static let powers = 4

  /// A matrix read as a recurrence whose state grows by a number with every token, and gives up the direction of which the
  /// rows to come see least when it has more than `order`.
  ///
  /// Rows i ≥ k see of the columns j ≤ k what lies in O R: R has orthonormal rows, [order, k + 1]. With the next
  /// column O gains a column and R a row and a column; then the last right singular vector of O is turned to the end, by a reflection
  /// of both, and dropped. The error of every step is the smallest singular value, the least that a drop by one can cost.
  /// - Parameters:
  ///   - lower: lower triangles, [count, length, length].
  ///   - order: N, 1 at least.
  static func truncated(_ lower: Tensor, order: Int) -> Tensor {
    let wide = lower.to(.float64)
    let (count, length) = (wide.size(0), wide.size(1))
    var seen = Tensor.zeros([count, length, 0], .float64)
    var basis = Tensor.zeros([count, 0, length], .float64)
    var rows: [Tensor] = []
    for token in 0..<length {
      let column = wide.narrowed(1, from: token, length: length - token).narrowed(2, from: token, length: 1)
      let unit = Tensor((0..<length).map { $0 == token ? 1.0 : 0 }).reshaped(1, 1, length).expanded(count, 1, length)
      seen = token == 0 ? column : .concatenated([seen.narrowed(1, from: 1, length: length - token), column], 2)
      basis = token == 0 ? unit : .concatenated([basis, unit], 1)
      if seen.size(2) > order {
        let direction = smallest(seen.transposed().matmul(seen))
        // The reflection that turns the direction to the last axis; away from it, so that nothing cancels.
        let last = direction.narrowed(1, from: order, length: 1)
        let sign = last.less(0).to(.float64) * -2 + 1
        let end = Tensor((0...order).map { $0 == order ? 1.0 : 0 }).reshaped(1, order + 1, 1)
        let normal = direction + end * sign
        let factor = normal.square().sum(over: 1, keep: true).reciprocal() * 2
        seen = (seen - seen.matmul(normal) * factor * normal.transposed()).narrowed(2, from: 0, length: order)
        basis = (basis - normal * factor * normal.transposed().matmul(basis)).narrowed(1, from: 0, length: order)
      }
      rows.append(seen.narrowed(1, from: 0, length: 1).matmul(basis))
    }
    return Tensor.concatenated(rows, 1).lowerTriangle().to(lower.dtype)
  }

  /// The eigenvectors of the smallest eigenvalues of symmetric matrices [count, size, size] ≥ 0: [count, size, 1].
  private static func smallest(_ squares: Tensor) -> Tensor {
    let (count, size) = (squares.size(0), squares.size(1))
    let numbers = squares.doubles()
    let directions = (0..<count).flatMap { index in
      smallest(Array(numbers[index * size * size..<(index + 1) * size * size]), size)
    }
    return Tensor(directions, shape: [count, size, 1])
  }

  private static func smallest(_ square: [Double], _ size: Int) -> [Double] {
    var factor = square
    var vector = (0..<size).map { 1 + Double($0 % 7) / 7 }
    factor.withUnsafeMutableBufferPointer { a in
      vector.withUnsafeMutableBufferPointer { x in
        var trace = 0.0
        for row in 0..<size { trace += a[row * size + row] }
        // Far below what counts, but enough for a factor to exist.
        for row in 0..<size { a[row * size + row] += 1e-13 * trace + Double.leastNormalMagnitude }
        for row in 0..<size {
          for column in 0...row {
            var sum = a[row * size + column]
            for inner in 0..<column { sum -= a[row * size + inner] * a[column * size + inner] }
            a[row * size + column] =
              row == column ? max(sum, 1e-300).squareRoot() : sum / a[column * size + column]
          }
        }
        for _ in 0..<powers {
          for row in 0..<size {
            for inner in 0..<row { x[row] -= a[row * size + inner] * x[inner] }
            x[row] /= a[row * size + row]
          }
          for row in (0..<size).reversed() {
            for inner in row + 1..<max(size, row + 1) { x[row] -= a[inner * size + row] * x[inner] }
            x[row] /= a[row * size + row]
          }
          var square = 0.0
          for row in 0..<size { square += x[row] * x[row] }
          for row in 0..<size { x[row] /= square.squareRoot() }
        }
      }
    }
    return vector
  }
}
