import MohawkTensor

/// The rows of a projection without biases that give the nearest to 1 on all inputs: they carry a constant through the
/// direction that the inputs of a layer share.
enum CommonDirection {
  /// Least squares with a ridge of a thousandth of the mean diagonal, by conjugate gradients.
  /// - Parameter input: [batch, length, modelDim], fp64.
  /// - Returns: [modelDim].
  static func of(_ input: Tensor) -> Tensor {
    let rows = input.reshaped(-1, input.size(-1))
    let width = rows.size(1)
    let ridge = 1e-3 * rows.square().sum().item() / Double(width)
    let right = rows.sum(over: 0)
    var solution = Tensor.zeros([width], .float64)
    var residual = right
    var direction = right
    var square = (residual * residual).sum().item()
    let enough = square * 1e-20
    for _ in 0..<min(4 * width, 400) where square > enough {
      let image = rows.transposed().matmul(rows.matmul(direction.unsqueezed(1))).squeezed(1) + direction * ridge
      let step = square / (direction * image).sum().item()
      solution = solution + direction * step
      residual = residual - image * step
      let next = (residual * residual).sum().item()
      direction = residual + direction * (next / square)
      square = next
    }
    return solution
  }
}
