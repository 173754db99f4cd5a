import MohawkTensor
import Testing

@testable import MohawkDecoding

@Suite struct QuantizationTests {
  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> Tensor {
    RandomGenerator(seed: seed).normal([rows, columns], .float32)
  }

  /// The RMS of the error over the RMS of the numbers.
  static func loss(_ matrix: Tensor, _ precision: WeightPrecision) -> Double {
    QuantizedMatrix(matrix, precision).dequantized().error(from: matrix)
  }

  @Test func bytesPerWeightAreThoseOfTheFormat() {
    #expect(QuantizedMatrix.byteCount(.float32, rows: 7, columns: 9) == 252)
    #expect(QuantizedMatrix.byteCount(.bfloat16, rows: 7, columns: 9) == 126)
    #expect(QuantizedMatrix.byteCount(.int8, rows: 160, columns: 320) * 8 == 160 * 320 * 17 / 2)
    #expect(QuantizedMatrix.byteCount(.int4, rows: 160, columns: 320) * 8 == 160 * 320 * 9 / 2)
  }

  @Test func plainFormatsKeepTheNumbers() {
    let matrix = Self.matrix(5, 33)
    #expect(QuantizedMatrix(matrix, .float32).dequantized().isIdentical(to: matrix))
    let half = matrix.to(.bfloat16)
    #expect(QuantizedMatrix(matrix, .bfloat16).dequantized().isIdentical(to: half.to(.float32)))
    #expect(QuantizedMatrix(half, .bfloat16).dequantized().isIdentical(to: half.to(.float32)))
    #expect(QuantizedMatrix(half, .int8).bytes.isIdentical(to: QuantizedMatrix(half.to(.float32), .int8).bytes))
  }

  @Test func roundingNormalDeviatesLosesAsMuchAsTheFormatsMust() {
    let matrix = Self.matrix(64, 512)
    #expect((0.004...0.007).contains(Self.loss(matrix, .int8)))
    // Sixteen equally distant levels with the best scale lose 8.1 %, one scale from the largest number 9.
    #expect((0.070...0.076).contains(Self.loss(matrix, .int4)))
  }

  @Test(arguments: [WeightPrecision.int8, .int4]) func roundedNumbersRoundToThemselves(_ precision: WeightPrecision) {
    let once = QuantizedMatrix(Self.matrix(33, 96), precision).dequantized()
    #expect(QuantizedMatrix(once, precision).dequantized().error(from: once) < (precision == .int8 ? 2e-3 : 2e-2))
  }

  @Test func eachWeightIsWithinHalfAStepAtEightBits() {
    let matrix = Self.matrix(20, 100)
    let (exact, rounded) = (matrix.floats(), QuantizedMatrix(matrix, .int8).dequantized().floats())
    for row in 0..<20 {
      for group in stride(from: 0, to: 100, by: 32) {
        let own = (row * 100 + group)..<(row * 100 + min(group + 32, 100))
        let largest = exact[own].map(abs).max()!
        #expect(own.allSatisfy { abs(exact[$0] - rounded[$0]) <= largest / 127 * 0.51 })
      }
    }
  }

  @Test(arguments: [WeightPrecision.int8, .int4]) func extremeNumbersStayFinite(_ precision: WeightPrecision) {
    var numbers = [Float](repeating: 0, count: 6 * 64)
    for k in 0..<64 {
      numbers[64 + k] = (k % 2 == 0 ? 1 : -1) * .greatestFiniteMagnitude
      numbers[128 + k] = Float.leastNonzeroMagnitude * Float(k)
      numbers[192 + k] = k == 5 ? 1e6 : 1e-3
      numbers[256 + k] = 3
      numbers[320 + k] = 1e-20 * Float(k - 32)
    }
    let rounded = QuantizedMatrix(Tensor(numbers, shape: [6, 64]), precision).dequantized().floats()
    #expect(rounded.allSatisfy { $0.isFinite })
    #expect(rounded[..<64].allSatisfy { $0 == 0 })
    #expect(zip(numbers[64..<128], rounded[64..<128]).allSatisfy { abs($0 - $1) <= 0.2 * abs($0) })
    #expect(rounded[128..<192].allSatisfy { abs($0) < 1e-37 })
    #expect(abs(rounded[197] - 1e6) < 1e4)
    #expect(rounded[256..<320].allSatisfy { abs($0 - 3) < 0.02 })
    let last = (320..<384).map { abs(numbers[$0] - rounded[$0]) }.max()!
    #expect(last < (precision == .int8 ? 0.003e-18 : 0.05e-18))
  }

  @Test func whatCountsMoreLosesLess() {
    let matrix = Self.matrix(64, 256)
    let importance = (0..<256).map { Float($0 % 4 == 0 ? 100 : 1) }
    let counted = Tensor(importance.map { $0.squareRoot() }, shape: [1, 256])
    let plain = (QuantizedMatrix(matrix, .int4).dequantized() - matrix) * counted
    let weighted = (QuantizedMatrix(matrix, .int4, importance: importance).dequantized() - matrix) * counted
    #expect(weighted.rms < 0.92 * plain.rms)
  }
}
