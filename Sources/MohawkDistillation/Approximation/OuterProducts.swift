import MohawkTensor

/// The outer products that come nearest to matrices.
enum OuterProducts {
  /// Steps towards the largest singular value: where the next one is as large, either will do.
  private static let steps = 60

  /// The first singular vectors, the left one times the singular value, by powers of Sᵀ S.
  /// - Parameter matrices: [count, rows, columns].
  /// - Returns: left [count, rows, 1] and right [count, columns, 1]: left · rightᵀ is the nearest; the right one has length
  ///   1, or is 0 where the matrix is.
  static func nearest(to matrices: Tensor) -> (left: Tensor, right: Tensor) {
    func unit(_ x: Tensor) -> Tensor { x / x.square().sum(over: 1, keep: true).sqrt().clamped(min: 1e-150) }
    // Drawn, so that what is looked for is not orthogonal to it.
    let drawn = RandomGenerator(seed: 1).normal([1, matrices.size(1), 1], matrices.dtype)
    var right = unit(matrices.transposed().matmul(drawn))
    for _ in 0..<steps { right = unit(matrices.transposed().matmul(matrices.matmul(right))) }
    return (matrices.matmul(right), right)
  }
}
