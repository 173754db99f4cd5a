import MohawkTensor

/// y = x · weightᵀ + bias, computed in the type of `x` over fp32 master weights.
public struct Linear {
  /// [out, in]
  public let weight: Tensor
  /// [out]
  public let bias: Tensor?

  /// - Parameters:
  ///   - inputs: width of what goes in.
  ///   - outputs: width of what comes out.
  ///   - bias: whether a number is added to each output.
  ///   - initial: how a fresh weight is drawn; by default normal with deviation 1/√in.
  ///   - scope: where `weight` and `bias` get their names.
  public init(in inputs: Int, out outputs: Int, bias: Bool = true, initial: Initial? = nil, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [outputs, inputs], initial ?? .normal(1 / Double(inputs).squareRoot()))
    self.bias = bias ? scope.parameter("bias", [outputs], .zeros) : nil
  }

  /// [.., in] to [.., out], in the type of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.projected(by: weight, bias)
  }

  /// activation(x) · factor [.., in] to [.., out], of which training remembers x and factor only.
  public func callAsFunction(_ x: Tensor, after activation: GateActivation, times factor: Tensor? = nil) -> Tensor {
    x.projected(by: weight, bias, after: activation, times: factor)
  }
}
