import MohawkTensor

/// Multiplication by causal Monarch matrices, one for each head, that are the same at every distance of blocks.
///
/// Tokens stand in blocks of b: token i is the r-th of block l, i = l b + r, and j = k b + c. Then
///
///     M_ij = own[r, c]                    in a token's own block, c ≤ r
///     M_ij = far[r, l − k − 1] near[r, c]  in the blocks before it, of which a token sees `far.size(2)`
///
/// and 0 elsewhere. For each r all blocks before a token's own are one outer product, which is what makes matrices Monarch
/// matrices (Dao et al. 2022): every block is summed up in b numbers, with which later tokens do. A token costs
/// b + blocks instead of b · blocks products.
///
/// Shapes: own and near [heads, b, b], far [heads, b, blocks].
public struct CausalMonarch {
  /// [heads, b, b]; what lies above the diagonal does not count.
  public let own: Tensor
  /// [heads, b, b]
  public let near: Tensor
  /// [heads, b, blocks]
  public let far: Tensor

  /// The matrices of these factors.
  public init(own: Tensor, near: Tensor, far: Tensor) {
    (self.own, self.near, self.far) = (own.lowerTriangle(), near, far)
  }

  /// Tokens per block.
  var block: Int { own.size(1) }

  /// By how many blocks a token can be after another one that it sees.
  var reach: Int { far.size(2) }

  /// The matrices [heads, length, length]: the definition.
  public func matrix(length: Int) -> Tensor {
    let (heads, b) = (own.size(0), block)
    let blocks = (length + b - 1) / b
    let unit = Tensor.ones([blocks, blocks], own.dtype, on: own.device).lowerTriangle().upperTriangle()
    let inside = own.reshaped(heads, 1, b, 1, b) * unit.reshaped(1, blocks, 1, blocks, 1)
    let before = distances(from: 0, blocks, of: blocks).permuted(0, 2, 1, 3).unsqueezed(-1)
    let whole = inside + before * near.reshaped(heads, 1, b, 1, b)
    return whole.reshaped(heads, blocks * b, blocks * b).narrowed(1, from: 0, length: length)
      .narrowed(2, from: 0, length: length)
  }

  /// far by blocks: [heads, b, rows, columns], for rows of blocks after `first` blocks that are columns already.
  private func distances(from first: Int, _ rows: Int, of columns: Int) -> Tensor {
    let (heads, b) = (far.size(0), block)
    // At distance 0 and beyond the reach there is nothing.
    let known = far.padded(1, max(0, columns - reach - 1)).reshaped(heads * b, -1)
    let row = Tensor.range(first, first + rows, on: far.device).unsqueezed(1)
    let distance = (row - Tensor.range(0, columns, on: far.device).unsqueezed(0)).clamped(min: 0)
    return known.indexed(1, distance.to(.int64).reshaped(-1)).reshaped(heads, b, rows, columns)
  }

  /// The product with values of whole blocks, and what later blocks see of them.
  /// - Parameters:
  ///   - x: [batch, heads, blocks · b, headDim].
  ///   - past: sums of the blocks before, the last one last: [batch, heads, reach, b, headDim]; zeros before the first.
  /// - Returns: y of the shape of x, and the sums of all blocks, those before among them: [batch, heads, reach + blocks, b,
  ///   headDim].
  func callAsFunction(_ x: Tensor, past: Tensor) -> (y: Tensor, sums: Tensor) {
    let (batch, heads, b, width) = (x.size(0), x.size(1), block, x.size(3))
    let count = x.size(2) / b
    let blocks = x.reshaped(batch, heads, count, b, width)
    let inside = own.unsqueezed(1).matmul(blocks)
    let sums = Tensor.concatenated([past, near.unsqueezed(1).matmul(blocks)], 2)
    let weights = distances(from: reach, count, of: reach + count)
    let before = weights.matmul(sums.transposed(2, 3)).transposed(2, 3)
    return ((inside + before).reshaped(x.shape), sums)
  }

  /// The next token of each sequence.
  /// - Parameters:
  ///   - values: of its block so far, itself the last: [batch, heads, place + 1, headDim].
  ///   - past: [batch, heads, reach, b, headDim].
  /// - Returns: [batch, heads, headDim].
  func step(_ values: Tensor, past: Tensor) -> Tensor {
    let place = values.size(2) - 1
    let inside = own.selected(1, place).narrowed(1, from: 0, length: place + 1).unsqueezed(-1)
    // The last block is the nearest.
    let before = far.selected(1, place).flipped(1).unsqueezed(-1)
    return (values * inside).sum(over: 2) + (past.selected(3, place) * before).sum(over: 2)
  }
}
