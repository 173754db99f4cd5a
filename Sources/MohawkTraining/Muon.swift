import MohawkLayers
import MohawkTensor

/// Muon (Jordan 2024): momentum whose singular values are made alike before a matrix moves by it, so that every
/// direction of the matrix learns, not the strongest alone.
///
/// A step has the size that AdamW's usually has: an orthogonal matrix of m by n is multiplied by 0.2 √max(m, n), whose
/// elements have a root mean square of 0.2 (Liu and others 2025, arXiv 2502.16982). Rates and weight decay are AdamW's,
/// therefore.
public final class Muon {
  /// A matrix that moves.
  public struct Matrix {
    /// The parameter, of rank 2.
    public let parameter: Parameter
    /// Equal blocks of rows that are matrices of their own, such as those of B and C in one projection.
    public let blocks: Int
    /// A factor on the learning rate.
    public let rate: Double

    /// A matrix that moves in `blocks` blocks of rows.
    public init(_ parameter: Parameter, blocks: Int = 1, rate: Double = 1) {
      precondition(parameter.value.rank == 2, "\(parameter.name) is no matrix")
      precondition(
        blocks > 0 && parameter.value.size(0).isMultiple(of: blocks), "\(parameter.name) has no \(blocks) blocks")
      self.parameter = parameter
      self.blocks = blocks
      self.rate = rate
    }
  }

  /// Decay of the running sum of gradients.
  static let momentum = 0.95

  private let matrices: [Matrix]
  private let weightDecay: Double
  private let momenta: [Tensor]

  /// Momenta of zero.
  public init(_ matrices: [Matrix], weightDecay: Double) {
    self.matrices = matrices
    self.weightDecay = weightDecay
    momenta = matrices.map { .zeros($0.parameter.value.shape, $0.parameter.value.dtype, on: $0.parameter.value.device) }
  }

  /// Moves every matrix.
  /// - Parameters:
  ///   - gradients: one per matrix, in their order; they stay as they are.
  ///   - learningRate: how far this step goes.
  ///   - gradientScale: multiplies every gradient, as clipping wants it.
  public func update(gradients: [Tensor], learningRate: Double, gradientScale: Double = 1) {
    precondition(gradients.count == matrices.count, "\(gradients.count) gradients for \(matrices.count) matrices")
    withoutGradients {
      for (index, matrix) in matrices.enumerated() {
        let momentum = momenta[index]
        momentum.multiplyInPlace(Self.momentum)
        momentum.addInPlace(gradients[index], scale: gradientScale)
        // Nesterov: the gradient counts once more.
        let ahead = gradients[index] * gradientScale + momentum * Self.momentum
        let (rows, columns) = (ahead.size(0) / matrix.blocks, ahead.size(1))
        let direction = Self.orthogonalised(ahead.reshaped(matrix.blocks, rows, columns)).reshaped(ahead.shape)
        let value = matrix.parameter.value
        let rate = learningRate * matrix.rate
        if matrix.parameter.decays, weightDecay > 0 { value.multiplyInPlace(1 - rate * weightDecay) }
        let size = 0.2 * Double(max(rows, columns)).squareRoot()
        value.addInPlace(direction.to(value.dtype), scale: -rate * size * matrix.parameter.unit)
      }
    }
  }

  /// Nearly U Vᵀ of X = U S Vᵀ, by five Newton–Schulz steps: singular values of 0.7 to 1.2, or smaller where X's were
  /// below about a thousandth of its norm.
  /// - Parameter x: [batch, rows, columns]; fp32 is computed in bf16, which is what the steps need.
  static func orthogonalised(_ x: Tensor) -> Tensor {
    let wide = x.size(1) <= x.size(2)
    var y = wide ? x : x.transposed()
    y = y / (y.norm(over: 1, 2, keep: true) + 1e-20)
    if x.dtype == .float32 { y = y.to(.bfloat16) }
    for _ in 0..<5 {
      let square = y.matmul(y.transposed())
      y = y * 3.4445 + (square * -4.7750 + square.matmul(square) * 2.0315).matmul(y)
    }
    return wide ? y : y.transposed()
  }

  /// The momenta under the names `<parameter>.momentum`.
  public var moments: [Moments] {
    zip(matrices, momenta).map {
      Moments(base: Self.name($0.parameter), range: 0..<$1.count, count: $1.count, tensor: $1)
    }
  }

  /// What the momentum of a parameter is called.
  static func name(_ parameter: Parameter) -> String { parameter.name + ".momentum" }
}
