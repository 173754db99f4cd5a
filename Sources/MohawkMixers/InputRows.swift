import MohawkLayers
import MohawkTensor

/// Some rows of a mixer's input projection. They are a parameter of their own, because a stage may train them alone;
/// checkpoints keep all rows in one tensor.
package struct InputRows {
  /// [rows, in]
  package let weight: Tensor
  /// [rows]; nil without.
  package let bias: Tensor?

  /// Asks for the parameter `name` at `scope`, and for `bias.name` if there are biases.
  /// - Parameter matrices: how many matrices of equal shape the rows are.
  init(
    _ name: String, in inputs: Int, out rows: Int, bias: Bool, initial: Initial? = nil, initialBias: Initial = .zeros,
    matrices: Int = 1, _ scope: ParameterScope
  ) {
    weight = scope.parameter(
      name, [rows, inputs], initial ?? .uniform(1 / Double(inputs).squareRoot()), matrices: matrices)
    self.bias = bias ? (scope / "bias").parameter(name, [rows], initialBias) : nil
  }

  /// [.., in] to [.., rows], in the type of `x`.
  func callAsFunction(_ x: Tensor) -> Tensor { x.projected(by: weight, bias) }
}
