import CMohawkTorch

/// Activations that a projection computes by itself, forward and anew in the backward pass.
public enum GateActivation: Sendable {
  /// x · sigmoid(x).
  case silu
  /// GELU by tanh.
  case geluTanh

  var code: Int32 {
    switch self {
    case .silu: Int32(MHK_SILU)
    case .geluTanh: Int32(MHK_GELU_TANH)
    }
  }
}

// Products with weights that are kept in a wider type than the one that is computed in.
extension Tensor {
  /// x · weightᵀ + bias over the last dimension in the type of x; weight is [out, in], bias [out], both of that type or
  /// wider. Their gradients come in their own types.
  public func projected(
    by weight: Tensor, _ bias: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("projected", self, weight, bias ?? self, file: file, line: line) {
      mhk_projection(handle, weight.handle, bias?.handle ?? mhk_tensor(), $0)
    }
  }

  /// activation(self) · factor, projected. Kept for the backward pass are self and factor, not their product.
  public func projected(
    by weight: Tensor, _ bias: Tensor? = nil, after activation: GateActivation, times factor: Tensor? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("projected", self, factor ?? self, weight, bias ?? self, file: file, line: line) {
      mhk_gated_projection(
        handle, factor?.handle ?? mhk_tensor(), activation.code, weight.handle, bias?.handle ?? mhk_tensor(), $0)
    }
  }
}
