import MohawkTensor

/// Multiplication by causal Toeplitz matrices, one for each head: T_ij = κ[taps − 1 − (i − j)] where 0 ≤ i − j < taps, and 0
/// elsewhere. The last tap meets the current token.
public enum CausalToeplitz {
  /// The matrices [heads, length, length] of kernels κ [heads, taps].
  public static func matrix(_ kernel: Tensor, length: Int) -> Tensor {
    let taps = kernel.size(1)
    // What stands `distance` below the diagonal, for all distances.
    let tail = taps < length ? kernel.padded(length - taps, 0) : kernel.narrowed(1, from: taps - length, length: length)
    let places = Tensor.range(0, length, on: kernel.device)
    let distances = (places.unsqueezed(1) - places.unsqueezed(0)).clamped(min: 0)
    let index = (Double(length - 1) - distances).to(.int64).reshaped(-1)
    return tail.indexed(1, index).reshaped(kernel.size(0), length, length).lowerTriangle()
  }

  /// The definition: by the matrices.
  /// - Parameters:
  ///   - x: [batch, length, heads, headDim].
  ///   - kernel: [heads, taps], in the type of x.
  /// - Returns: the shape of x.
  public static func direct(_ x: Tensor, _ kernel: Tensor) -> Tensor {
    matrix(kernel, length: x.size(1)).matmul(x.transposed(1, 2)).transposed(1, 2)
  }

  /// The same in O(length log length), by Fourier transforms of at least `length + taps − 1` points. What comes after a
  /// token changes its sum by rounding alone.
  public static func transformed(_ x: Tensor, _ kernel: Tensor) -> Tensor {
    let along = x.permuted(0, 2, 3, 1)
    return along.convolved(kernel.flipped(1).unsqueezed(1)).permuted(0, 3, 1, 2)
  }

  /// Lengths from which transforms are faster than matrices.
  static let transformedFrom = 256

  /// By whichever form is fast for the length.
  public static func callAsFunction(_ x: Tensor, _ kernel: Tensor) -> Tensor {
    x.size(1) < transformedFrom ? direct(x, kernel) : transformed(x, kernel)
  }
}
