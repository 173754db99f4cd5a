import CMohawkTorch

extension Tensor {
  /// The state-space map of these values, in chunks, as one operation with its own gradients; for tensors that
  /// `Kernel.stateSpace` takes.
  ///
  /// h_t = exp(logDecay_t) h_{t−1} + x_t b_tᵀ, y_t = h_t c_t + skip x_t, for self = x [batch, length, heads, headDim].
  /// Sums, decays and states are in fp32, or in fp64 for operands in fp64.
  /// - Parameters:
  ///   - b: [batch, length, qkHeads, stateDim]; `heads` is a multiple of `qkHeads`.
  ///   - c: [batch, length, qkHeads, stateDim].
  ///   - logDecay: logarithms ≤ 0, [batch, length, heads].
  ///   - skip: [heads]; none when nil.
  ///   - state: h before the first token, [batch, heads, headDim, stateDim]; zeros when nil.
  ///   - chunk: tokens whose pairs are computed at once, 256 at most; changes speed, not results.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  /// - Returns: y in the type of x, and the last h in the type of logDecay.
  public func stateSpace(
    b: Tensor, c: Tensor, logDecay: Tensor, skip: Tensor? = nil, state: Tensor? = nil, chunk: Int,
    file: StaticString = #fileID, line: UInt = #line
  ) -> (y: Tensor, state: Tensor) {
    var last = mhk_tensor()
    let y = Tensor.make("stateSpace", self, b, c, logDecay, skip ?? self, state ?? self, file: file, line: line) {
      mhk_ssd(
        handle, b.handle, c.handle, logDecay.handle, skip?.handle ?? mhk_tensor(), state?.handle ?? mhk_tensor(),
        Int64(chunk), $0, &last)
    }
    return (y, Tensor(owning: last))
  }
  /// The same of what causal convolutions make of x, b and c, as one operation with its own gradients. Where there are
  /// four taps, as many heads of b and c as of x, and heads of widths that are multiples of 16, the results of the
  /// convolutions never lie in memory as a whole. Pasts then get no gradients.
  /// - Parameters:
  ///   - b: before its convolution.
  ///   - c: before its convolution.
  ///   - xFilter: the convolution of x, over all its heads.
  ///   - bcFilter: the convolution of b and, behind these channels, of c.
  ///   - logDecay: logarithms ≤ 0, [batch, length, heads].
  ///   - skip: [heads]; none when nil.
  ///   - state: h before the first token, [batch, heads, headDim, stateDim]; zeros when nil.
  ///   - chunk: tokens whose pairs are computed at once, 256 at most; changes speed, not results.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  /// - Returns: y in the type of x, and the last h in the type of logDecay.
  public func filteredStateSpace(
    b: Tensor, c: Tensor, xFilter: ConvolutionTaps, bcFilter: ConvolutionTaps, logDecay: Tensor, skip: Tensor? = nil,
    state: Tensor? = nil, chunk: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> (y: Tensor, state: Tensor) {
    var last = mhk_tensor()
    let y = withExtendedLifetime((xFilter, bcFilter)) {
      Tensor.make(
        "filteredStateSpace", self, b, c, logDecay, skip ?? self, state ?? self, file: file, line: line
      ) {
        mhk_filtered_ssd(
          handle, b.handle, c.handle, xFilter.handle, bcFilter.handle, logDecay.handle, skip?.handle ?? mhk_tensor(),
          state?.handle ?? mhk_tensor(), Int64(chunk), $0, &last)
      }
    }
    return (y, Tensor(owning: last))
  }
}

/// A causal depth-wise convolution.
public struct ConvolutionTaps {
  /// [channels, 1, width]
  public let weight: Tensor
  /// [channels]; none when nil.
  public let bias: Tensor?
  /// The `width - 1` inputs before the first, [batch, width - 1, channels]; zeros when nil.
  public let past: Tensor?

  /// The convolution with these taps.
  public init(weight: Tensor, bias: Tensor?, past: Tensor?) {
    self.weight = weight
    self.bias = bias
    self.past = past
  }

  var handle: mhk_convolution {
    mhk_convolution(
      weight: weight.handle, bias: bias?.handle ?? mhk_tensor(), past: past?.handle ?? mhk_tensor())
  }
}
