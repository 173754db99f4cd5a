import MohawkMixers
import MohawkTensor

extension Toeplitz: FixedMatrixStarted {
  /// What is added to the diagonal of a head's equations, as its share: neighbouring values are nearly alike.
  private static let ridge = 1e-4

  static func valueHeads(of own: ToeplitzConfiguration) -> (heads: Int, headDim: Int) { (own.heads, own.headDim) }

  func fitMatrices(_ context: Tensor, _ values: Tensor, _ parameters: MixerParameters) -> [FixedMatrixFit] {
    let kernels = (0..<configuration.heads).map { head in
      Self.kernel(context.selected(1, head), values.selected(1, head), taps: configuration.taps)
    }
    parameters["kernel"].assign(.stacked(kernels, 0))
    return kernels.map { kernel in
      let taps = Array(kernel.doubles().reversed())
      return FixedMatrixFit(looks: zip(taps, 0...).dropFirst().map { ($0, $1) }, skip: taps[0])
    }
  }

  /// The taps of a head, the current token's last.
  /// - Parameters:
  ///   - context: what the head's attention makes of its values, [batch, length, headDim], fp64.
  ///   - values: of the head, the same shape.
  ///   - taps: how many values a token sees.
  static func kernel(_ context: Tensor, _ values: Tensor, taps: Int) -> Tensor {
    let length = values.size(1)
    // Longer ago than the text is long there is nothing to learn from.
    let known = min(taps, length)
    let shifted = Tensor.stacked(
      (0..<known).reversed().map { distance in
        values.narrowed(1, from: 0, length: length - distance).padded(0, 0, distance, 0).reshaped(-1)
      }, 0)
    let target = context.reshaped(-1, 1)
    let equations = NormalEquations(
      gram: shifted.matmul(shifted.transposed()).doubles(), right: shifted.matmul(target).doubles(),
      square: target.square().sum().item())
    return Tensor([Double](repeating: 0, count: taps - known) + equations.solved(ridge: ridge).weights)
  }
}
