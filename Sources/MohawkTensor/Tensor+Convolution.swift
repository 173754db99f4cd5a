import CMohawkTorch

extension Tensor {
  /// A causal convolution of every channel of [batch, length, channels] with its own taps, the last of which meets the
  /// current token, as one operation with its own gradients; for tensors that
  /// `Kernel.causalConvolution` takes.
  /// - Parameters:
  ///   - weight: [channels, 1, width]; sums are in its type.
  ///   - bias: [channels]; none when nil.
  ///   - past: the `width - 1` inputs before the first, [batch, width - 1, channels]; zeros when nil.
  ///   - silu: whether SiLU follows.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  /// - Returns: [batch, length, channels] in the type of this tensor.
  public func causalConvolution(
    _ weight: Tensor, _ bias: Tensor? = nil, past: Tensor? = nil, silu: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("causalConvolution", self, weight, bias ?? self, past ?? self, file: file, line: line) {
      mhk_causal_convolution(
        handle, weight.handle, bias?.handle ?? mhk_tensor(), past?.handle ?? mhk_tensor(), silu, $0)
    }
  }

  /// The convolution with a kernel along the last dimension by Fourier transforms, as long as this tensor:
  /// y_i = Σ_{j ≤ i} kernel_j x_{i − j}. Both are fp32 or fp64; other dimensions are broadcast.
  public func convolved(_ kernel: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("convolved", kernel, mhk_fft_convolution, file, line)
  }
}
