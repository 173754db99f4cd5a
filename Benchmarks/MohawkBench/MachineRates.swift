import Foundation
import MohawkTensor

/// What this machine does in a second, on the threads of the runtime; the best of some.
struct MachineRates {
  /// Bytes that summing a large tensor reads.
  let bytes: Double
  /// Operations of a product of 2048³ in a type.
  let products: Double

  init(_ dtype: DType) {
    let large = Tensor.ones([1 << 27])
    bytes = Double(large.byteCount) / Self.best(of: 6) { _ = large.sum().item() }
    let square = RandomGenerator(seed: 1).normal([2048, 2048]).to(dtype)
    products = 2 * pow(2048, 3) / Self.best(of: 4) { _ = square.matmul(square) }
  }

  private static func best(of count: Int, _ work: () -> Void) -> Double {
    (0..<count).map { _ in Meter.measure(work).seconds }.min() ?? .nan
  }
}
