import MohawkMixers
import MohawkTensor

/// Measures a mixer against the context that it is to imitate: what its heads put out, times a number for each of them.
struct MixedContext {
  /// Share of the diagonal that is added to it: features may be nearly alike, but they are few.
  private static let ridge = 1e-6

  /// [batch, length, modelDim], in the type of the mixer's weights.
  let input: Tensor
  /// [batch, heads, length, headDim], fp64.
  let context: Tensor

  /// - Parameters:
  ///   - input: what enters the mixer.
  ///   - context: what attention makes of its values there.
  ///   - weight: one of the mixer's weights.
  init(_ input: Tensor, context: Tensor, like weight: Tensor) {
    self.input = input.to(weight.dtype)
    self.context = context
  }

  /// What the mixer puts out before its gate: [batch, heads, length, headDim], fp64.
  func mixed(_ mixer: some SequenceMixer) -> Tensor {
    mixer.mix(mixer.operands(input, for: .mixing)).to(.float64, on: .cpu).transposed(1, 2).contiguous()
  }

  /// The least squares of features, each [batch, heads, length, headDim].
  /// - Returns: for each head the features' weights, and ‖rest‖ / ‖context‖.
  func fit(_ features: [Tensor]) -> [(weights: [Double], error: Double)] {
    (0..<context.size(1)).map { head in
      func flat(_ x: Tensor) -> Tensor { x.selected(1, head).reshaped(1, -1) }
      let all = Tensor.concatenated(features.map(flat), 0)
      let target = flat(context)
      let equations = NormalEquations(
        gram: all.matmul(all.transposed()).doubles(), right: all.matmul(target.transposed()).doubles(),
        square: target.square().sum().item())
      let (weights, residual) = equations.solved(ridge: Self.ridge)
      return (weights, equations.square > 0 ? (residual / equations.square).squareRoot() : 0)
    }
  }

  /// Of the head where it is largest, the root of the mean square of the context.
  var size: Double { context.square().mean(over: 0, 2, 3).doubles().reduce(0, max).squareRoot() }
}
