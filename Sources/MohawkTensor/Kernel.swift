/// Operations that this package has kernels of its own for, beside what libtorch makes of them.
///
/// Whoever computes one asks here which of the two forms it is: a kernel for another device, or for another type, is a
/// line in `takes`, and nothing changes where it is asked. Operations that are not here choose for themselves.
public enum Kernel: CaseIterable, Sendable {
  /// `Tensor.causalConvolution`.
  case causalConvolution
  /// `Tensor.stateSpace` and `Tensor.filteredStateSpace`.
  case stateSpace
  /// `Tensor.rotated`.
  case rotation
  /// `Tensor.gatedRMSNorm`.
  case gatedNorm
  /// `Tensor.orientationDistance`.
  case orientation
  /// The losses of `LogitProjection`.
  case vocabularyLoss

  /// Whether it computes with this tensor, the first operand, for its type and the device where it lies.
  public func takes(_ tensor: Tensor) -> Bool {
    tensor.device == .cpu && takes(tensor.dtype)
  }

  /// Whether it has loops for this type, or computes it in another.
  public func takes(_ dtype: DType) -> Bool {
    switch self {
    case .causalConvolution, .stateSpace, .orientation: true
    case .rotation, .vocabularyLoss: dtype == .float32 || dtype == .bfloat16 || dtype == .float64
    case .gatedNorm: dtype == .float32 || dtype == .bfloat16
    }
  }
}
