import MohawkTensor

/// The activation of an MLP.
public enum Activation: String, Sendable, Equatable, CaseIterable {
  /// x · Φ(x) by the error function.
  case gelu
  /// GELU by tanh.
  case geluTanh = "gelu_tanh"
  /// x · sigmoid(x).
  case silu
  /// max(x, 0).
  case relu
  /// max(x, 0)².
  case squaredRelu = "relu2"

  /// Elementwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: x.gelu(approximate: false)
    case .geluTanh: x.gelu(approximate: true)
    case .silu: x.silu()
    case .relu: x.relu()
    case .squaredRelu: x.relu().square()
    }
  }

  /// The same as part of the projection that follows; nil for those that projections do not know.
  var inProjection: GateActivation? {
    switch self {
    case .silu: .silu
    case .geluTanh: .geluTanh
    case .gelu, .relu, .squaredRelu: nil
    }
  }
}
