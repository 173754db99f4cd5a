import MohawkMixers
import MohawkTensor

/// The features by which kernels explain the context of one head: for each decay of a grid the values decayed, and the
/// values decayed and weighed with the scores; each also for the values of the tokens before, as a convolution of the
/// values mixes them in; last the values themselves.
struct KernelFeatures {
  /// Decays of the grid.
  let decays: [Double]
  /// Tokens whose values a convolution sees: the current one and those before.
  let taps: Int
  /// Of all features.
  let equations: NormalEquations

  /// - Parameters:
  ///   - context: what is explained, [batch, length, headDim], fp64.
  ///   - values: of the same shape.
  ///   - scores: [batch, length, length].
  ///   - taps: of the convolution of the values; 1 without.
  ///   - decays: of the grid.
  init(context: Tensor, values: Tensor, scores: Tensor, taps: Int, decays: [Double] = ContextFit.decays) {
    (self.decays, self.taps) = (decays, taps)
    let (batch, length, width) = (values.size(0), values.size(1), values.size(2))
    let shifted = Self.shifted(values, taps)
    func rows(_ x: Tensor) -> Tensor {
      x.reshaped(batch, length, taps, width).permuted(2, 0, 1, 3).reshaped(taps, batch * length * width)
    }
    var parts: [Tensor] = []
    for decay in decays {
      let window = ExponentialWindow.matrix(decay, length)
      // A window of values of before is what the window was before.
      parts.append(rows(Self.shifted(window.matmul(values), taps)))
      parts.append(rows((scores * window).matmul(shifted)))
    }
    let features = Tensor.concatenated(parts + [values.reshaped(1, -1)], 0)
    let target = context.reshaped(-1, 1)
    equations = NormalEquations(
      gram: features.matmul(features.transposed()).doubles(), right: features.matmul(target).doubles(),
      square: context.square().sum().item())
  }

  /// Values of the current token, of the one before, and so on, beside each other: [batch, length, taps · headDim].
  static func shifted(_ values: Tensor, _ taps: Int) -> Tensor {
    let length = values.size(1)
    return .concatenated(
      (0..<taps).map { lag in
        lag == 0 ? values : values.padded(0, 0, min(lag, length), 0).narrowed(1, from: 0, length: length)
      }, -1)
  }

  /// Places of the features of two decays: uniform ones by tap, weighed ones by tap, and the values.
  func places(uniform: Int, content: Int) -> [Int] {
    let first = 2 * taps * uniform
    let second = 2 * taps * content + taps
    return Array(first..<first + taps) + Array(second..<second + taps) + [2 * taps * decays.count]
  }
}
