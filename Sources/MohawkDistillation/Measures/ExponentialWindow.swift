import Foundation
import MohawkMixers
import MohawkTensor

/// A head that forgets at a constant rate and looks at nothing: aⁱ⁻ʲ for j ≤ i.
enum ExponentialWindow {
  /// Decays that are tried: half-lives of 0.4 to 693 tokens.
  static let decays = ContextFit.decays
  private static let chunk = 64

  /// aⁱ⁻ʲ for j ≤ i, else 0, [length, length], fp64.
  static func matrix(_ decay: Double, _ length: Int) -> Tensor {
    let powers = (0..<length).map { pow(decay, Double($0)) }
    let distances = distances(length).clamped(min: 0).to(.int64).reshaped(-1)
    return Tensor(powers).indexed(0, distances).reshaped(length, length).lowerTriangle()
  }

  /// i − j, [length, length], fp64.
  static func distances(_ length: Int) -> Tensor {
    let places = Tensor.range(0, length, .float64)
    return places.unsqueezed(1) - places.unsqueezed(0)
  }

  /// The matrices' products with values [batch, length, heads, headDim], a decay for each head, without the matrices.
  static func mixed(_ values: Tensor, _ decays: [Double]) -> Tensor {
    let (batch, length, heads) = (values.size(0), values.size(1), values.size(2))
    precondition(decays.count == heads, "\(decays.count) decays for \(heads) heads")
    let ones = Tensor.ones([batch, length, 1, 1], values.dtype, on: values.device)
    let logarithms = Tensor(decays.map { log($0) }).to(values.dtype, on: values.device)
      .reshaped(1, 1, heads).expanded(batch, length, heads).contiguous()
    return SSD.chunks(x: values.contiguous(), b: ones, c: ones, logDecay: logarithms, chunk: chunk).y
  }
}

/// The window that comes nearest to a head, in one measure.
public struct WindowFit: Sendable, Equatable {
  /// a: what is left of a token after one step.
  public var decay: Double
  /// What the window is multiplied by.
  public var scale: Double
  /// Sums of squares of what it misses, and of what it is to be.
  var residual, target: Double
  /// ‖window − head‖ / ‖head‖; nil for a head of zeros.
  public var error: Double? { target > 0 ? (residual / target).squareRoot() : nil }
  /// Tokens after which half of a token is left.
  public var halfLife: Double { -1 / log2(decay) }

  /// The error of all heads of a layer together.
  static func error(_ heads: [WindowFit]) -> Double? {
    let target = heads.reduce(0) { $0 + $1.target }
    return target > 0 ? (heads.reduce(0) { $0 + $1.residual } / target).squareRoot() : nil
  }
}

/// Products from which every head's best window follows by least squares.
struct WindowSums {
  /// Of a window with what it is to be, and with itself: by decay, then by head.
  private var cross, own: [[Double]]
  private var target: [Double]

  init(heads: Int) {
    cross = ExponentialWindow.decays.map { _ in [Double](repeating: 0, count: heads) }
    own = cross
    target = [Double](repeating: 0, count: heads)
  }

  /// Adds the products of one window, a number for each head.
  mutating func add(_ decay: Int, cross: [Double], own: [Double]) {
    for head in target.indices {
      self.cross[decay][head] += cross[head]
      self.own[decay][head] += own[head]
    }
  }

  /// Adds the squares of what is to be reached.
  mutating func add(target squares: [Double]) {
    for head in target.indices { target[head] += squares[head] }
  }

  /// For each head the decay and the scale with the smallest residual.
  var best: [WindowFit] {
    target.indices.map { head in
      let fits = ExponentialWindow.decays.enumerated().map { index, decay in
        let (cross, own) = (cross[index][head], own[index][head])
        let scale = own > 0 ? cross / own : 0
        return WindowFit(
          decay: decay, scale: scale, residual: max(0, target[head] - scale * cross), target: target[head])
      }
      return fits.min { $0.residual < $1.residual }!
    }
  }
}
