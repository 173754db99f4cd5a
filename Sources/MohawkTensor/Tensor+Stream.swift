import CMohawkTorch

// The stream between layers.
extension Tensor {
  /// self + first + second, of one shape, in the type of self: what layers do to the stream.
  public func adding(
    _ first: Tensor, _ second: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("adding", self, first, second ?? first, file: file, line: line) {
      mhk_stream_sum(handle, first.handle, second?.handle ?? mhk_tensor(), $0)
    }
  }

  /// The mean over rows of the Euclidean distance to `other`, both [.., width]; at least fp32. Rows that differ by no more
  /// than rounding does, 2⁻²⁰ of `other`'s norm in fp32, 2⁻⁴⁹ in fp64 and 2⁻⁸ in bf16, have a distance of 0: it would have a
  /// gradient of 1 in whatever direction the rounding has. Gradients flow to self only, and are 0 in such rows.
  public func meanRowDistance(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("meanRowDistance", other, mhk_row_distance, file, line)
  }

  /// Turns the first 2 · half numbers of every head [batch, heads, length, headDim]: i with i + half, by angles whose
  /// cosines and sines are [length, half] in fp32, for fp64 in fp64. For tensors that `Kernel.rotation` takes.
  public func rotated(
    cosines: Tensor, sines: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("rotated", self, cosines, sines, file: file, line: line) {
      mhk_rotary(handle, cosines.handle, sines.handle, $0)
    }
  }
}
