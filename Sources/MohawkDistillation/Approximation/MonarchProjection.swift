import MohawkTensor

/// The nearest causal Monarch matrices, in closed form (Dao et al. 2022, with a block triangle).
///
/// Tokens stand in blocks of b = 2^⌈log₂ √length⌉. With i = l b + r and j = k b + c, all M_ij with the same r and the same
/// k < l are one outer product over l and c: the numbers that later blocks take of block k at their place r, and the sum of
/// the block that they take. Each is the nearest one, by the first singular vectors. The blocks on the diagonal are exact.
enum MonarchProjection {
  /// Tokens per block for texts of this length.
  static func block(_ length: Int) -> Int {
    var block = 1
    while block * block < length { block *= 2 }
    return block
  }

  /// - Parameter lower: lower triangles, [count, length, length].
  static func nearest(to lower: Tensor) -> Tensor {
    let (count, length) = (lower.size(0), lower.size(1))
    let b = block(length)
    let blocks = (length + b - 1) / b
    let missing = blocks * b - length
    let whole = lower.to(.float64).padded(0, missing, 0, missing)
      .reshaped(count, blocks, b, blocks, b)
    let unit = Tensor.ones([blocks, blocks], .float64).lowerTriangle()
    let diagonal = whole * unit.upperTriangle().reshaped(1, blocks, 1, blocks, 1)
    // By place and earlier block: rows are the later blocks, columns its tokens.
    let slices = (whole * unit.lowerTriangle(-1).reshaped(1, blocks, 1, blocks, 1)).permuted(0, 2, 3, 1, 4)
    let (left, right) = OuterProducts.nearest(to: slices.reshaped(count * b * blocks, blocks, b))
    let products = left.matmul(right.transposed()).reshaped(count, b, blocks, blocks, b).permuted(0, 3, 1, 2, 4)
    return (diagonal + products).reshaped(count, blocks * b, blocks * b).narrowed(1, from: 0, length: length)
      .narrowed(2, from: 0, length: length).to(lower.dtype)
  }
}
