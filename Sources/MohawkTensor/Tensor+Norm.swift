import CMohawkTorch

// Normalisation over the last dimension, in one pass forward and one backward.
extension Tensor {
  /// Zero mean and unit variance over the last dimension, then scale and shift.
  ///
  /// Computed in the weights' type; the result is in `dtype`, by default that of the weights.
  public func layerNorm(
    _ weight: Tensor, _ bias: Tensor, epsilon: Double, as dtype: DType? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    norm("layerNorm", weight, bias, epsilon, isCentred: true, dtype, file, line)
  }

  /// Unit mean square over the last dimension, then scale.
  ///
  /// Computed in the weights' type; the result is in `dtype`, by default that of the weights.
  public func rmsNorm(
    _ weight: Tensor, epsilon: Double, as dtype: DType? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    norm("rmsNorm", weight, nil, epsilon, isCentred: false, dtype, file, line)
  }

  private func norm(
    _ operation: StaticString, _ weight: Tensor, _ bias: Tensor?, _ epsilon: Double, isCentred: Bool, _ dtype: DType?,
    _ file: StaticString, _ line: UInt
  ) -> Tensor {
    Tensor.make(operation, self, weight, bias ?? self, file: file, line: line) {
      mhk_norm(
        handle, weight.handle, bias?.handle ?? mhk_tensor(), epsilon, isCentred, (dtype ?? weight.dtype).rawValue, $0)
    }
  }
}
