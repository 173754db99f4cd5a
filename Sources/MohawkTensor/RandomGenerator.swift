import CMohawkTorch
import MohawkFiles

/// A seeded source of random tensors whose state can be saved and restored.
public final class RandomGenerator {
  private let handle: mhk_generator
  /// Where the random tensors are made.
  public let device: Device

  /// Equal seeds give equal tensors on the same kind of device.
  public init(seed: UInt64, on device: Device = .cpu) {
    // A device without a generator of its own gets the processor's numbers.
    let source = device == .pretend ? Device.cpu : device
    var made: mhk_generator?
    let error = withUnsafeMutablePointer(to: &made) { pointer in
      pointer.withMemoryRebound(to: mhk_generator.self, capacity: 1) {
        mhk_generator_new(seed, source.kind, source.index, $0)
      }
    }
    if let error { trap("RandomGenerator", [], error, #fileID, #line) }
    handle = made!
    self.device = device
  }

  deinit { mhk_generator_free(handle) }

  /// The whole state as bytes, `uint8`.
  public var state: Tensor { Tensor.make("state", file: #fileID, line: #line) { mhk_generator_state(handle, $0) } }

  /// Continues from a saved state.
  /// - Throws: `MohawkError` when the bytes are not such a state.
  public func restore(_ state: Tensor) throws {
    if let error = withExtendedLifetime(state, { mhk_generator_set_state(handle, state.handle) }) {
      throw MohawkError(
        .invalidFormat, "these bytes are not a generator's state: \(String(cString: error))",
        remedy: "the checkpoint may come from another libtorch")
    }
  }

  /// Independent normal numbers of mean 0 and deviation 1.
  public func normal(
    _ shape: [Int], _ dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("normal", file: file, line: line) { out in
      withSizes(shape) { mhk_randn($0, $1, dtype.rawValue, handle, out) }
    }.to(on: device)
  }

  /// Independent uniform numbers in [0, 1).
  public func uniform(
    _ shape: [Int], _ dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("uniform", file: file, line: line) { out in
      withSizes(shape) { mhk_rand($0, $1, dtype.rawValue, handle, out) }
    }.to(on: device)
  }

  /// Independent integers in `range`, `int64`.
  public func integers(
    _ range: Range<Int>, _ shape: [Int], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("integers", file: file, line: line) { out in
      withSizes(shape) { mhk_randint(Int64(range.lowerBound), Int64(range.upperBound), $0, $1, handle, out) }
    }.to(on: device)
  }

  /// One index per row of [rows, classes] weights, drawn in proportion to them: [rows, 1].
  public func draw(from weights: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    weights.unary("draw", { mhk_multinomial($0, 1, handle, $1) }, file, line)
  }
}
