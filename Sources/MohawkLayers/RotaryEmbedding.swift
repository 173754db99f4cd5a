import Foundation
import MohawkTensor

/// Rotary position embedding on the first `dimensions` of every head (Su et al. 2021), in the half-split layout of
/// Hugging Face's models: dimension i is paired with dimension i + dimensions / 2.
///
/// Angles are computed in doubles and rounded once, to fp32 or the type of what is rotated: in fp32 an angle at position 2000
/// would already be wrong by 1e-4.
public struct RotaryEmbedding {
  /// How many of a head's dimensions are rotated; even.
  public let dimensions: Int
  private let tables: RotaryTables

  /// - Parameters:
  ///   - dimensions: how many of a head's dimensions are rotated; even.
  ///   - base: the wave length of the slowest pair grows with it.
  ///   - scaling: how the wave lengths are stretched.
  ///   - positions: how many positions there are; asking for a later one traps.
  ///   - device: where the tables lie.
  public init(
    dimensions: Int, base: Double, scaling: RotaryScaling = .none, positions: Int, on device: Device = .cpu
  ) {
    precondition(dimensions.isMultiple(of: 2), "rotary dimensions come in pairs, not \(dimensions)")
    self.dimensions = dimensions
    tables = RotaryTables(
      dimensions: dimensions, base: base, scaling: scaling, positions: positions, device: device)
  }

  /// Turns [batch, heads, length, headDim] whose first token stands at position `offset`.
  public func callAsFunction(_ x: Tensor, offset: Int = 0) -> Tensor {
    if dimensions == 0 { return x }
    let length = x.size(2)
    let isOurs = Kernel.rotation.takes(x)
    let dtype = isOurs && x.dtype == .bfloat16 ? DType.float32 : x.dtype
    let (cosine, sine) = tables.table(dtype, from: offset, length: length)
    return isOurs ? x.rotated(cosines: cosine, sines: sine) : plain(x, cosine, sine)
  }

  /// The same in operations of libtorch, for devices and types that have no kernel of their own.
  func plain(_ x: Tensor, _ cosine: Tensor, _ sine: Tensor) -> Tensor {
    let half = dimensions / 2
    let parts = x.split([half, half, x.size(3) - dimensions])
    let first = parts[0] * cosine - parts[1] * sine
    let second = parts[1] * cosine + parts[0] * sine
    return .concatenated([first, second, parts[2]], -1)
  }
}

/// Cosines and sines of the angles, made when positions are first asked for and kept per type; those of far positions
/// are made for every use, so that memory has a bound.
private final class RotaryTables {
  /// Both [positions, dimensions / 2].
  typealias Table = (cosines: Tensor, sines: Tensor)

  private let dimensions: Int
  private let base: Double
  private let scaling: RotaryScaling
  private let positions: Int
  private let device: Device
  private var made: [DType: Table] = [:]

  init(dimensions: Int, base: Double, scaling: RotaryScaling, positions: Int, device: Device) {
    self.dimensions = dimensions
    self.base = base
    self.scaling = scaling
    self.positions = positions
    self.device = device
  }

  /// Positions whose angles are kept at most.
  private static let keptPositions = 1 << 13

  /// The rows of these positions.
  func table(_ dtype: DType, from first: Int, length: Int) -> Table {
    let end = first + length
    precondition(end <= positions, "position \(end - 1) of \(positions) positions")
    if end > Self.keptPositions { return rows(dtype, first, end) }
    if made[dtype].map({ $0.cosines.size(0) < end }) ?? true {
      made[dtype] = rows(dtype, 0, min(positions, Self.keptPositions, max(2 * end, 256)))
    }
    let table = made[dtype]!
    return (
      table.cosines.narrowed(0, from: first, length: length), table.sines.narrowed(0, from: first, length: length)
    )
  }

  private func rows(_ dtype: DType, _ first: Int, _ end: Int) -> Table {
    withoutGradients {
      let frequencies = scaling.frequencies(dimensions: dimensions, base: base)
      let angles = Tensor.range(first, end, .float64).outer(Tensor(frequencies))
      var (cosines, sines) = (angles.cos(), angles.sin())
      if scaling.magnitude != 1 { (cosines, sines) = (cosines * scaling.magnitude, sines * scaling.magnitude) }
      return (cosines: cosines.to(dtype, on: device), sines: sines.to(dtype, on: device))
    }
  }
}
