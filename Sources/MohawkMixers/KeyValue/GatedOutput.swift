import MohawkLayers
import MohawkTensor

/// What follows a mixer of keys and values: out_proj(norm(y) ⊙ gate), with one norm for each head.
struct GatedOutput {
  private let norm: RMSNorm
  private let projection: Linear

  /// Asks for `norm` and `out_proj`; a fresh output projection is scaled by 1/√depth.
  init(_ shape: some KeyValueGeometry, depth: Int, _ scope: ParameterScope) {
    norm = RMSNorm(shape.headDim, epsilon: shape.normEpsilon, scope / "norm")
    projection = .output(of: shape, depth: depth, scope)
  }

  /// - Parameters:
  ///   - mixed: [batch, length, heads, headDim].
  ///   - gate: [batch, length, heads · headDim], before its activation, in the type that the layer computes in.
  ///   - activation: SiLU or sigmoid.
  /// - Returns: [batch, length, modelDim].
  func callAsFunction(_ mixed: Tensor, gate: Tensor, by activation: (Tensor) -> Tensor) -> Tensor {
    let wide = norm.weight.dtype.wide
    let gated = (norm(mixed, as: wide) * activation(gate.heads(mixed.size(2)).to(wide))).to(gate.dtype)
    return projection(gated.reshaped(gate.shape))
  }
}

extension Linear {
  /// The output projection of a mixer, scaled by 1/√depth.
  static func output(of shape: some KeyValueGeometry, depth: Int, _ scope: ParameterScope) -> Linear {
    let spread = 1 / (Double(shape.innerDim).squareRoot() * Double(depth).squareRoot())
    return Linear(in: shape.innerDim, out: shape.modelDim, bias: false, initial: .uniform(spread), scope / "out_proj")
  }
}
