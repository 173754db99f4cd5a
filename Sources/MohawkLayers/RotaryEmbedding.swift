import Foundation
import MohawkTensor

/// Rotary position embedding on the first `dimensions` of every head (Su et al. 2021), in the half-split layout of
/// Hugging Face's models: dimension i is paired with dimension i + dimensions / 2.
public struct RotaryEmbedding {
  /// How many of a head's dimensions turn; even.
  public let dimensions: Int
  /// [positions, dimensions / 2]
  private let cosines: Tensor
  private let sines: Tensor

  /// - Parameters:
  ///   - positions: how many positions to prepare; asking for a later one traps.
  ///   - base: the wave length of the slowest pair grows with it.
  public init(dimensions: Int, base: Double, positions: Int, on device: Device = .cpu) {
    precondition(dimensions.isMultiple(of: 2), "rotary dimensions come in pairs, not \(dimensions)")
    self.dimensions = dimensions
    let half = dimensions / 2
    let frequencies = (0..<half).map { Float(pow(base, -Double(2 * $0) / Double(dimensions))) }
    let angles = Tensor.range(0, positions, .float32, on: device).outer(Tensor(frequencies).to(on: device))
    cosines = angles.cos()
    sines = angles.sin()
  }

  /// Turns [batch, heads, length, headDim] whose first token stands at position `offset`.
  public func callAsFunction(_ x: Tensor, offset: Int = 0) -> Tensor {
    if dimensions == 0 { return x }
    let half = dimensions / 2
    let length = x.size(2)
    let cosine = cosines.narrowed(0, from: offset, length: length).to(x.dtype)
    let sine = sines.narrowed(0, from: offset, length: length).to(x.dtype)
    let parts = x.split([half, half, x.size(3) - dimensions])
    let first = parts[0] * cosine - parts[1] * sine
    let second = parts[1] * cosine + parts[0] * sine
    return .concatenated([first, second, parts[2]], -1)
  }
}
