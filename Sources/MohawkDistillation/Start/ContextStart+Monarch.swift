import MohawkMixers
import MohawkTensor

extension Monarch: FixedMatrixStarted {
  static func valueHeads(of own: MonarchConfiguration) -> (heads: Int, headDim: Int) { (own.heads, own.headDim) }

  func fitMatrices(_ context: Tensor, _ values: Tensor, _ parameters: MixerParameters) -> [FixedMatrixFit] {
    let shape = configuration
    let fits = (0..<shape.heads).map { head in
      MonarchFit(context.selected(1, head), values.selected(1, head), block: shape.block, reach: shape.reach)
    }
    parameters["own"].assign(.stacked(fits.map(\.own), 0))
    parameters["skip"].fill(0)
    parameters["near"].assign(.stacked(fits.map(\.near), 0))
    parameters["far"].assign(.stacked(fits.map(\.far), 0))
    return fits.map(\.summary)
  }
}

/// The Monarch matrix of a head by which its values come nearest to its context.
///
/// For every place r of a block the weights of the own block's tokens, and of all tokens of the blocks before, are least
/// squares; the latter, [reach, block], are then projected to the nearest outer product, and its two sides and the own
/// weights fitted again in turns.
struct MonarchFit {
  /// What is added to the diagonal of the equations, as its share.
  private static let ridge = 1e-3
  /// How often the sides of the outer product are fitted in turns.
  private static let rounds = 3

  /// [block, block], [block, block] and [block, reach], as of `CausalMonarch`.
  let own, near, far: Tensor

  /// - Parameters:
  ///   - context: [batch, length, headDim], fp64.
  ///   - values: of the same shape.
  ///   - block: tokens per block.
  ///   - reach: blocks before a token's own that it sees.
  init(_ context: Tensor, _ values: Tensor, block: Int, reach: Int) {
    let blocks = max(1, values.size(1) / block)
    let missing = max(0, block - values.size(1))
    // [batch, blocks, block, headDim] without the tokens of a block that is not whole; a text of less than a block is filled
    // up with tokens that are 0 on both sides.
    func split(_ x: Tensor) -> Tensor {
      x.padded(0, 0, 0, missing).narrowed(1, from: 0, length: blocks * block)
        .reshaped(x.size(0), blocks, block, x.size(2))
    }
    let (seen, wanted) = (split(values), split(context))
    // Features: the tokens of the own block, then those of the block before, of the one before that, and so on.
    let features = Tensor.concatenated(
      (0...reach).map { distance in
        let lag = min(distance, blocks)
        let moved = seen.narrowed(1, from: 0, length: blocks - lag).padded(0, 0, 0, 0, lag, 0)
        return moved.permuted(2, 0, 1, 3).reshaped(block, -1)
      }, 0)
    let targets = wanted.permuted(2, 0, 1, 3).reshaped(block, -1)
    let gram = features.matmul(features.transposed())
    let right = features.matmul(targets.transposed())
    var (own, near, far): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for place in 0..<block {
      let row = Row(
        gram: gram, right: right.narrowed(1, from: place, length: 1),
        square: targets.selected(0, place).square().sum().item(), block: block, reach: reach, place: place)
      let fit = row.fitted(ridge: Self.ridge, rounds: Self.rounds)
      own.append(fit.own)
      near.append(fit.near)
      far.append(fit.far)
    }
    (self.own, self.near, self.far) = (.stacked(own, 0), .stacked(near, 0), .stacked(far, 0))
  }

  /// Its look-back and sums, in the mean over a block's places.
  var summary: FixedMatrixFit {
    let (block, reach) = (near.size(0), far.size(1))
    let matrix = CausalMonarch(own: own.unsqueezed(0), near: near.unsqueezed(0), far: far.unsqueezed(0))
      .matrix(length: (reach + 1) * block).selected(0, 0).narrowed(0, from: reach * block, length: block)
    let rows = matrix.doubles()
    let width = (reach + 1) * block
    var looks: [(Double, Int)] = []
    var skip = 0.0
    for place in 0..<block {
      for column in 0...(reach * block + place) {
        let weight = rows[place * width + column] / Double(block)
        let distance = reach * block + place - column
        if distance == 0 { skip += weight } else { looks.append((weight, distance)) }
      }
    }
    return FixedMatrixFit(looks: looks, skip: skip)
  }

  /// The equations of the tokens at one place of their blocks.
  private struct Row {
    let gram, right: Tensor
    let square: Double
    let block, reach, place: Int

    /// The own weights of the place and of those before; the place's rows of near and far.
    func fitted(ridge: Double, rounds: Int) -> (own: Tensor, near: Tensor, far: Tensor) {
      let all = Tensor((0..<gram.size(0)).filter { $0 <= place || $0 >= block }.map(Double.init)).to(.int64)
      let free = NormalEquations(
        gram: gram.indexed(0, all).indexed(1, all).doubles(), right: right.indexed(0, all).doubles(), square: square)
      var own = Array(free.solved(ridge: ridge).weights.prefix(place + 1))
      let dense = Tensor(Array(free.solved(ridge: ridge).weights.dropFirst(place + 1)), shape: [1, reach, block])
      let nearest = OuterProducts.nearest(to: dense)
      var (far, near) = (nearest.left.reshaped(reach, 1), nearest.right.reshaped(1, block))
      for _ in 0..<rounds {
        // One side given, the features of the other are sums.
        (own, far) = solved(sums: near.kronecker(rows: reach), ridge)
        far = far.reshaped(reach, 1)
        (own, near) = solved(sums: far.kronecker(columns: block), ridge)
        near = near.reshaped(1, block)
      }
      let zeros = [Double](repeating: 0, count: block - place - 1)
      return (Tensor(own + zeros), near.reshaped(-1), far.reshaped(-1))
    }

    /// - Parameter sums: weights of the far features in each new one, [reach · block, count].
    private func solved(sums: Tensor, _ ridge: Double) -> (own: [Double], side: Tensor) {
      let count = place + 1
      let unit = Tensor.ones([block, block], .float64).lowerTriangle().upperTriangle().narrowed(
        1, from: 0, length: count)
      let columns = Tensor.concatenated(
        [unit.padded(0, sums.size(1)), sums.padded(count, 0)], 0)
      let equations = NormalEquations(
        gram: columns.transposed().matmul(gram).matmul(columns).doubles(),
        right: columns.transposed().matmul(right).doubles(), square: square)
      let weights = equations.solved(ridge: ridge).weights
      return (Array(weights.prefix(count)), Tensor(Array(weights.dropFirst(count))))
    }
  }
}

extension Tensor {
  /// Of a row [1, n] the columns [rows · n, rows] that put it into each of so many rows.
  fileprivate func kronecker(rows: Int) -> Tensor {
    let unit = Tensor.ones([rows, rows], dtype).lowerTriangle().upperTriangle()
    return (unit.reshaped(rows, 1, rows) * reshaped(1, -1, 1)).reshaped(rows * size(1), rows)
  }

  /// Of a column [n, 1] the columns [n · columns, columns] that repeat each of so many columns by it.
  fileprivate func kronecker(columns: Int) -> Tensor {
    let unit = Tensor.ones([columns, columns], dtype).lowerTriangle().upperTriangle()
    return (reshaped(-1, 1, 1) * unit.unsqueezed(0)).reshaped(size(0) * columns, columns)
  }
}
