import CMohawkTorch

// Activations as gates, in one pass forward and one backward.
extension Tensor {
  /// silu(self) · factor, of the same shape.
  public func silu(times factor: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    gated(factor, MHK_SILU, file, line)
  }

  /// gelu(self) · factor, by tanh, of the same shape.
  public func geluTanh(times factor: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    gated(factor, MHK_GELU_TANH, file, line)
  }

  func gated(_ factor: Tensor?, _ activation: Int, _ file: StaticString, _ line: UInt) -> Tensor {
    Tensor.make("gated", self, factor ?? self, file: file, line: line) {
      mhk_gated(handle, factor?.handle ?? mhk_tensor(), Int32(activation), $0)
    }
  }
}
