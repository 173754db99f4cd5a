import MohawkTensor
import Testing

@testable import MohawkMixers

@Suite struct ToeplitzTests {
  private let random = RandomGenerator(seed: 1)

  /// T_ij, number by number.
  private func definition(_ kernel: [[Double]], _ length: Int) -> [Double] {
    var numbers: [Double] = []
    for taps in kernel {
      for i in 0..<length {
        for j in 0..<length {
          let isSeen = j <= i && i - j < taps.count
          numbers.append(isSeen ? taps[taps.count - 1 - (i - j)] : 0)
        }
      }
    }
    return numbers
  }

  @Test(arguments: [1, 4, 9], [1, 3, 4, 30]) func theMatrixIsItsDefinition(_ length: Int, _ taps: Int) {
    let kernel = random.normal([2, taps], .float64)
    let rows = (0..<2).map { kernel.selected(0, $0).doubles() }
    #expect(CausalToeplitz.matrix(kernel, length: length).doubles() == definition(rows, length))
  }

  @Test(arguments: [1, 2, 17, 300], [1, 2, 16, 301]) func transformsAreTheMatrices(_ length: Int, _ taps: Int) {
    let x = random.normal([2, length, 3, 5], .float64)
    let kernel = random.normal([3, taps], .float64)
    let cotangent = random.normal(x.shape, .float64)
    func run(_ form: (Tensor, Tensor) -> Tensor) -> (y: Tensor, gradients: [Tensor?]) {
      let leaves = [x.leaf(), kernel.leaf()]
      let y = form(leaves[0], leaves[1])
      return (y.detached(), (y * cotangent).sum().gradients(of: leaves))
    }
    let (slow, fast) = (run(CausalToeplitz.direct), run(CausalToeplitz.transformed))
    #expect(fast.y.shape == x.shape && fast.y.error(from: slow.y) < 1e-13)
    for (a, b) in zip(fast.gradients, slow.gradients) { #expect(a!.error(from: b!) < 1e-13) }
    let short = CausalToeplitz.transformed(x.to(.float32), kernel.to(.float32))
    #expect(short.dtype == .float32 && short.error(from: slow.y) < 1e-6)
  }

  @Test func longTextsAreTransformed() {
    let length = CausalToeplitz.transformedFrom
    let x = random.normal([1, length, 1, 2], .float64)
    let kernel = random.normal([1, 8], .float64)
    func isDirect(_ length: Int) -> Bool {
      let part = x.narrowed(1, from: 0, length: length)
      return CausalToeplitz.callAsFunction(part, kernel).isIdentical(to: CausalToeplitz.direct(part, kernel))
    }
    #expect(isDirect(length - 1) && !isDirect(length))
  }
}
