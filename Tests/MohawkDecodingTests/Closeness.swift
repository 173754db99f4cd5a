import MohawkTensor

// How near two results must be. One table for all laws: the root mean square of the difference, relative to that of the
// reference.
extension DType {
  /// The relative RMS difference allowed between two ways of computing the same thing in this type.
  var tolerance: Double {
    switch self {
    case .float64: 1e-12
    case .float32: 3e-6
    default: 1e-2
    }
  }
}

extension Tensor {
  /// √(mean of squares), in doubles.
  var rms: Double { count == 0 ? 0 : to(.float64).square().mean().item().squareRoot() }

  /// The RMS of the difference over the RMS of `reference`, or over `scale` when that is larger. Numbers below 1e-20
  /// count as 1e-20, so that what underflows in one form and not in the other is no difference. Infinite for another
  /// shape; NaN when there is a NaN.
  /// - Parameter scale: the size of numbers whose rounding may remain where the reference is 0 by cancellation.
  func error(from reference: Tensor, scale: Double = 1e-20) -> Double {
    guard shape == reference.shape else { return .infinity }
    return withoutGradients {
      let exact = reference.to(.float64)
      return (to(.float64) - exact).rms / Swift.max(exact.rms, scale)
    }
  }

  /// Whether every element is the same number.
  func isIdentical(to other: Tensor) -> Bool {
    shape == other.shape && dtype == other.dtype && (count == 0 || equals(other).all().intItem() == 1)
  }

  var isAllFinite: Bool { count == 0 || isFinite().all().intItem() == 1 }

  /// A leaf of the gradient graph with these numbers.
  func leaf(_ dtype: DType? = nil) -> Tensor {
    let leaf = withoutGradients { detached().to(dtype).copy() }
    leaf.requiresGradient = true
    return leaf
  }
}
