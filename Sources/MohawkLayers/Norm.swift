import MohawkTensor

/// A normalisation over the width of the hidden state, of either kind.
public enum Norm {
  /// Mean and variance.
  case layer(LayerNorm)
  /// Mean square only.
  case rms(RMSNorm)

  /// Which kind, and what is added before the root.
  public enum Kind: Sendable, Equatable {
    /// Mean and variance, with this epsilon.
    case layer(epsilon: Double)
    /// Mean square only, with this epsilon.
    case rms(epsilon: Double)

    /// What is added before the root.
    public var epsilon: Double {
      switch self {
      case .layer(let epsilon), .rms(let epsilon): epsilon
      }
    }
  }

  /// Asks for `weight`, and for `bias` where the kind has one.
  public init(_ kind: Kind, _ width: Int, _ scope: ParameterScope) {
    switch kind {
    case .layer(let epsilon): self = .layer(LayerNorm(width, epsilon: epsilon, scope))
    case .rms(let epsilon): self = .rms(RMSNorm(width, epsilon: epsilon, scope))
    }
  }

  /// [.., width] to the same, in `dtype`, by default the type of the weights.
  public func callAsFunction(_ x: Tensor, as dtype: DType? = nil) -> Tensor {
    switch self {
    case .layer(let norm): norm(x, as: dtype)
    case .rms(let norm): norm(x, as: dtype)
    }
  }
}
