import MohawkTensor
import Testing

@testable import MohawkDecoding

@Suite struct MatrixProductTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let precision: WeightPrecision
    let path: Instructions
    var testDescription: String { "\(precision) \(path)" }
  }
  static let cases = WeightPrecision.allCases.flatMap { precision in
    Instructions.allCases.map { Case(precision: precision, path: $0) }
  }
  /// Rows and columns that are no multiples of a vector, a tile or a group, and such that are.
  static let shapes = [(1, 1), (3, 7), (16, 32), (17, 33), (31, 64), (50, 100), (5, 777)]

  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    RandomGenerator(seed: seed).normal([count], .float32).floats()
  }

  /// The product in doubles of what the kernels were given, and the sums of the sizes of its terms.
  static func exact(_ matrix: QuantizedMatrix, _ x: [Float]) -> (values: [Double], sizes: [Double]) {
    let weights = matrix.dequantized().doubles()
    let activations = QuantizedMatrix.rounded(x, columns: matrix.columns, matrix.precision).map(Double.init)
    var (values, sizes): ([Double], [Double]) = ([], [])
    for column in 0..<x.count / matrix.columns {
      for row in 0..<matrix.rows {
        var (value, size) = (0.0, 1e-30)
        for k in 0..<matrix.columns {
          let term = weights[row * matrix.columns + k] * activations[column * matrix.columns + k]
          value += term
          size += abs(term)
        }
        values.append(value)
        sizes.append(size)
      }
    }
    return (values, sizes)
  }

  @Test(arguments: cases) func productsAreThoseOfTheRoundedNumbers(_ item: Case) {
    for (index, (rows, columns)) in Self.shapes.enumerated() {
      let weights = Tensor(Self.numbers(rows * columns, seed: UInt64(index)), shape: [rows, columns])
      let matrix = QuantizedMatrix(weights, item.precision)
      let x = Self.numbers(17 * columns, seed: 99)
      let exact = Self.exact(matrix, x)
      Instructions.limited(to: item.path) {
        let y = matrix.multiplied(by: x)
        for (place, value) in y.enumerated() {
          #expect(abs(Double(value) - exact.values[place]) <= 2e-6 * exact.sizes[place], "\(rows) × \(columns)")
        }
      }
    }
  }

  @Test(arguments: cases) func aColumnsResultDoesNotDependOnItsCompanions(_ item: Case) {
    Instructions.limited(to: item.path) {
      for (rows, columns) in [(37, 100), (9, 64)] {
        let weights = Tensor(Self.numbers(rows * columns, seed: 5), shape: [rows, columns])
        let matrix = QuantizedMatrix(weights, item.precision)
        let x = Self.numbers(17 * columns, seed: 6)
        let all = matrix.multiplied(by: x)
        for count in 1...17 {
          #expect(matrix.multiplied(by: Array(x[..<(count * columns)])) == Array(all[..<(count * rows)]))
        }
      }
    }
  }

  @Test func everyPathRoundsActivationsToTheSameNumbers() {
    var x = Self.numbers(333, seed: 1)
    (x[3], x[40], x[100], x[101]) = (1e4, -3e30, Float.leastNonzeroMagnitude * 1000, -0.0)
    for precision in WeightPrecision.allCases {
      let slow = Instructions.limited(to: .portable) { QuantizedMatrix.rounded(x, columns: 111, precision) }
      for path in Instructions.allCases {
        let own = Instructions.limited(to: path) { QuantizedMatrix.rounded(x, columns: 111, precision) }
        #expect(own == slow, "\(precision) \(path)")
      }
    }
  }

  @Test(arguments: cases) func whatIsNotANumberIsNotHidden(_ item: Case) {
    let weights = Tensor(Self.numbers(20 * 64, seed: 5), shape: [20, 64])
    var x = Self.numbers(128, seed: 6)
    x[70] = .nan
    Instructions.limited(to: item.path) {
      let y = QuantizedMatrix(weights, item.precision).multiplied(by: x)
      #expect(y[..<20].allSatisfy { $0.isFinite } && y[20...].allSatisfy { $0.isNaN })
    }
    var broken = weights.floats()
    broken[65] = .nan
    let y = QuantizedMatrix(Tensor(broken, shape: [20, 64]), item.precision).multiplied(by: Array(x[..<64]))
    #expect(y[0].isFinite && y[1].isNaN && y[2...].allSatisfy { $0.isFinite })
  }

  @Test(arguments: cases) func thePaddingAddsNothing(_ item: Case) {
    // The same products with columns of zeros behind.
    let narrow = Self.numbers(10 * 40, seed: 3)
    var wide: [Float] = []
    for row in 0..<10 { wide += narrow[(row * 40)..<(row * 40 + 40)] + Array(repeating: 0, count: 24) }
    let x = Self.numbers(40, seed: 4)
    Instructions.limited(to: item.path) {
      let one = QuantizedMatrix(Tensor(narrow, shape: [10, 40]), item.precision).multiplied(by: x)
      let other = QuantizedMatrix(Tensor(wide, shape: [10, 64]), item.precision)
        .multiplied(by: x + Array(repeating: 0, count: 24))
      for (a, b) in zip(one, other) { #expect(abs(a - b) <= 1e-5) }
    }
  }
}
