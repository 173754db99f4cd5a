import Foundation
import MohawkTensor
import Testing

@testable import MohawkLayers

@Suite struct RotaryEmbeddingTests {
  /// Multiplies the pair (i, i + dimensions / 2) of token t by exp(i · (offset + t) · base^(−2i / dimensions)), in doubles.
  private func turned(_ x: Tensor, dimensions: Int, base: Double, offset: Int) -> Tensor {
    let (length, headDim, half) = (x.size(2), x.size(3), dimensions / 2)
    var values = x.doubles()
    for row in 0..<x.size(0) * x.size(1) * length {
      let position = Double(offset + row % length)
      for i in 0..<half {
        let angle = position * pow(base, -2 * Double(i) / Double(dimensions))
        let (real, imaginary) = (values[row * headDim + i], values[row * headDim + i + half])
        values[row * headDim + i] = real * cos(angle) - imaginary * sin(angle)
        values[row * headDim + i + half] = real * sin(angle) + imaginary * cos(angle)
      }
    }
    return Tensor(values, shape: x.shape)
  }

  @Test(arguments: [(6, 6), (8, 4), (8, 2), (64, 32)], [0, 1, 37, 2000])
  func pairsTurnLikeComplexNumbers(_ sizes: (headDim: Int, dimensions: Int), _ offset: Int) {
    for base in [10_000.0, 1_000] {
      let x = RandomGenerator(seed: 1).normal([2, 3, 11, sizes.headDim], .float64)
      let rotary = RotaryEmbedding(dimensions: sizes.dimensions, base: base, positions: 2048)
      let expected = turned(x, dimensions: sizes.dimensions, base: base, offset: offset)
      #expect(rotary(x, offset: offset).error(from: expected) <= 1e-12)
      let single = rotary(x.to(.float32), offset: offset)
      #expect(single.dtype == .float32 && single.error(from: expected) <= 2e-7)
      #expect(rotary(x.to(.bfloat16), offset: offset).error(from: expected) <= 1e-2)
    }
  }

  @Test func tokensInPiecesTurnAsAtOnce() {
    let x = RandomGenerator(seed: 2).normal([1, 2, 40, 8], .float64)
    let rotary = RotaryEmbedding(dimensions: 8, base: 10_000, positions: 40)
    let pieces = [1, 1, 30, 8]
    var offset = 0
    let parts = x.split(pieces, 2).map { part in
      defer { offset += part.size(2) }
      return rotary(part, offset: offset)
    }
    #expect(Tensor.concatenated(parts, 2).isIdentical(to: rotary(x)))
  }

  @Test func theFirstTokenAndTheRestOfAHeadDoNotTurn() {
    let x = RandomGenerator(seed: 3).normal([2, 2, 5, 8])
    let result = RotaryEmbedding(dimensions: 4, base: 10_000, positions: 5)(x)
    #expect(result.narrowed(2, from: 0, length: 1).isIdentical(to: x.narrowed(2, from: 0, length: 1)))
    #expect(result.narrowed(3, from: 4, length: 4).isIdentical(to: x.narrowed(3, from: 4, length: 4)))
    #expect(!result.isIdentical(to: x))
    #expect(RotaryEmbedding(dimensions: 0, base: 10_000, positions: 5)(x).isIdentical(to: x))
  }

  @Test func productsOfTurnedVectorsDependOnTheDistanceOnly() {
    let random = RandomGenerator(seed: 4)
    let (q, k) = (random.normal([1, 1, 1, 16], .float64), random.normal([1, 1, 1, 16], .float64))
    let rotary = RotaryEmbedding(dimensions: 16, base: 10_000, positions: 2048)
    func product(_ i: Int, _ j: Int) -> Double { (rotary(q, offset: i) * rotary(k, offset: j)).sum().item() }
    #expect(abs(product(9, 4) - product(1905, 1900)) < 1e-10)
    #expect(abs(product(9, 4) - product(9, 5)) > 1e-3)
  }

  @Test func gradientsTurnBack() {
    let x = RandomGenerator(seed: 5).normal([1, 2, 6, 8], .float64).leaf()
    let rotary = RotaryEmbedding(dimensions: 8, base: 100, positions: 10)
    // The transpose of a rotation undoes it.
    let turned = rotary(x, offset: 3)
    let gradient = turned.gradients(of: [x], turned.detached())[0]!
    #expect(gradient.error(from: x) <= 1e-12)
  }
}
