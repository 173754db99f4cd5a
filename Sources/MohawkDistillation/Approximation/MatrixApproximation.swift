import Foundation
import MohawkTensor

/// How near a class of matrices comes to given ones, such as those of attention: all at once.
public enum MatrixApproximation {
  /// How gradient descent looks for factors.
  public struct Search: Sendable, Equatable {
    /// Steps of Adam.
    public var steps: Int
    /// Learning rate of the first of them; it falls to 0 by a cosine.
    public var rate: Double
    /// Of the random beginning.
    public var seed: UInt64

    /// One argument per property.
    public init(steps: Int = 1000, rate: Double = 0.03, seed: UInt64 = 1) {
      self.steps = steps
      self.rate = rate
      self.seed = seed
    }
  }

  /// The nearest members of the class that are found (with gradients recorded, as gradient descent needs them), on and below the diagonal: Toeplitz, Monarch and window exactly (the window of a
  /// grid of decays), semiseparable by truncation, low rank and SSD by gradient descent.
  /// - Parameters:
  ///   - matrices: [count, length, length]; what lies above the diagonal does not count.
  ///   - kind: the class.
  ///   - search: of gradient descent.
  /// - Returns: of the same shape and type, zero above the diagonal.
  public static func nearest(to matrices: Tensor, in kind: MatrixClass, _ search: Search = Search()) -> Tensor {
    let lower = matrices.detached().lowerTriangle()
    let (count, length) = (lower.size(0), lower.size(1))
    switch kind {
    case .average:
      let rows = Tensor.range(1, length + 1, lower.dtype).reciprocal().unsqueezed(1)
      return (Tensor.ones([length, length], lower.dtype).lowerTriangle() * rows).unsqueezed(0)
        .expanded(count, length, length)
    case .window: return withoutGradients { windows(lower) }
    case .toeplitz: return withoutGradients { toeplitz(lower) }
    case .monarch: return withoutGradients { MonarchProjection.nearest(to: lower) }
    case .lowRank(let order): return FactorSearch(lower, order: order, decays: false, search).found
    case .ssd(let order): return FactorSearch(lower, order: order, decays: true, search).found
    case .semiseparable(let order): return withoutGradients { SemiseparableTruncation.truncated(lower, order: order) }
    }
  }

  /// ‖nearest − matrix‖ / ‖matrix‖ of every matrix; the zero matrix has 1.
  public static func errors(of matrices: Tensor, in kind: MatrixClass, _ search: Search = Search()) -> [Double] {
    let near = nearest(to: matrices, in: kind, search)
    return withoutGradients {
      let lower = matrices.detached().lowerTriangle().to(.float64)
      let rest = (near.to(.float64) - lower).square().sum(over: 1, 2)
      return (rest / lower.square().sum(over: 1, 2)).sqrt().doubles()
    }
  }

  /// The mean of every diagonal.
  private static func toeplitz(_ lower: Tensor) -> Tensor {
    let (count, length) = (lower.size(0), lower.size(1))
    // A row of the result is the one before, one place further right.
    let means = Tensor.concatenated(
      (0..<length).map { lag in
        lower.narrowed(1, from: lag, length: length - lag).narrowed(2, from: 0, length: length - lag)
          .diagonal().mean(over: -1, keep: true)
      }, -1)
    let lags = ExponentialWindow.distances(length).clamped(min: 0).to(.int64).reshaped(-1)
    return means.indexed(1, lags).reshaped(count, length, length).lowerTriangle()
  }

  /// The best of a grid of decays, times the best number.
  private static func windows(_ lower: Tensor) -> Tensor {
    let (count, length) = (lower.size(0), lower.size(1))
    var best = [(gain: Double, decay: Double, scale: Double)](repeating: (-1, 0, 0), count: count)
    for decay in ExponentialWindow.decays {
      let window = ExponentialWindow.matrix(decay, length)
      let square = window.square().sum().item()
      let products = (lower.to(.float64) * window).sum(over: 1, 2).doubles()
      for (index, product) in products.enumerated() where product * product / square > best[index].gain {
        best[index] = (product * product / square, decay, product / square)
      }
    }
    return .stacked(best.map { ExponentialWindow.matrix($0.decay, length) * $0.scale }).to(lower.dtype)
  }
}
