import MohawkMixers
import MohawkTensor

/// Rows of the gate that best scale what heads put out for each token: attention that goes to sinks, whose values are
/// next to nothing, makes outputs small, and no decay or score of a state-space head does that.
struct GateFit {
  /// Share of the mean square of the inputs that is added to the diagonal.
  static let ridge = 0.3
  /// Steps of conjugate gradients at most.
  static let longest = 50

  /// What SiLU makes the factor of each head of: rows [heads, modelDim] and numbers beside them [heads], fp64.
  let rows, bias: Tensor

  /// Gates that stand open.
  init(heads: Int, width: Int) {
    rows = .zeros([heads, width], .float64)
    bias = .zeros([heads], .float64) + DiscreteMamba2.openGate
  }

  private init(rows: Tensor, bias: Tensor) { (self.rows, self.bias) = (rows, bias) }

  /// [batch, heads, length, 1] of inputs [batch, length, modelDim].
  func factors(_ input: Tensor) -> Tensor { logits(input).silu() }

  private func logits(_ input: Tensor) -> Tensor {
    (input.matmul(rows.transposed()) + bias).transposed(1, 2).unsqueezed(-1)
  }

  /// A Gauss–Newton step from these gates toward those with which `mixed` is nearest to `context`, both
  /// [batch, heads, length, headDim], fp64.
  func improved(_ input: Tensor, mixed: Tensor, context: Tensor, ridge: Double = ridge) -> GateFit {
    let heads = rows.size(0)
    let logits = logits(input)
    let open = logits.sigmoid()
    let derivative = open * (logits * (open * -1 + 1) + 1)
    func perToken(_ x: Tensor) -> Tensor { x.squeezed(-1).transposed(1, 2).reshaped(-1, heads) }
    let weights = perToken((mixed * mixed).sum(over: -1, keep: true) * derivative * derivative)
    let right = perToken(((context - mixed * logits.silu()) * mixed).sum(over: -1, keep: true) * derivative)
    let tokens = input.reshaped(-1, input.size(-1))
    let all = Tensor.concatenated([tokens, .zeros([tokens.size(0), 1], .float64) + 1], 1)
    let width = tokens.size(1)
    // The constant is not held back.
    let held = Tensor([Double](repeating: 1, count: width) + [1e-6], shape: [width + 1, 1])
    let holding = held * (weights.sum(over: 0, keep: true) * (ridge * tokens.square().mean().item()))
    let old = Tensor.concatenated([rows.transposed(), .zeros([1, heads], .float64)], 0)
    let step = Self.solve(
      { all.transposed().matmul(all.matmul($0) * weights) + $0 * holding },
      all.transposed().matmul(right) - old * holding,
      diagonal: all.square().transposed().matmul(weights) + holding)
    return GateFit(
      rows: rows + step.narrowed(0, from: 0, length: width).transposed(), bias: bias + step.selected(0, width))
  }

  /// Conjugate gradients with the diagonal as preconditioner, a system for each column.
  private static func solve(_ image: (Tensor) -> Tensor, _ right: Tensor, diagonal: Tensor) -> Tensor {
    func dot(_ a: Tensor, _ b: Tensor) -> Tensor { (a * b).sum(over: 0, keep: true) }
    let tiny = Double.leastNormalMagnitude
    var solution = Tensor.zeros(right.shape, .float64)
    var residual = right
    var scaled = residual / (diagonal + tiny)
    var direction = scaled
    var square = dot(residual, scaled)
    let enough = square.doubles().map { $0 * 1e-10 }
    for _ in 0..<longest {
      if zip(square.doubles(), enough).allSatisfy({ $0 <= $1 }) { break }
      let moved = image(direction)
      let step = square / (dot(direction, moved) + tiny)
      solution = solution + direction * step
      residual = residual - moved * step
      scaled = residual / (diagonal + tiny)
      let next = dot(residual, scaled)
      direction = scaled + direction * (next / (square + tiny))
      square = next
    }
    return solution
  }
}
