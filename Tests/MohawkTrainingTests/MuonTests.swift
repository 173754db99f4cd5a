import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkTraining

@Suite struct MuonTests {
  /// A rotation of n dimensions, as a product of plane rotations.
  func rotation(_ n: Int, _ angle: Double) -> [[Double]] {
    var result = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
    for i in 0..<n - 1 {
      let (c, s) = (cos(angle + Double(i)), sin(angle + Double(i)))
      for row in 0..<n {
        let (x, y) = (result[row][i], result[row][i + 1])
        result[row][i] = c * x - s * y
        result[row][i + 1] = s * x + c * y
      }
    }
    return result
  }

  /// U S Vᵀ of `rows` × `columns` with the given singular values.
  func matrix(_ values: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    let (u, v) = (rotation(rows, 0.3), rotation(columns, 1.1))
    return (0..<rows).flatMap { i in
      (0..<columns).map { j in values.indices.reduce(0) { $0 + u[i][$1] * values[$1] * v[j][$1] } }
    }
  }

  /// What five steps of Jordan's quintic make of a singular value.
  func quintic(_ value: Double) -> Double {
    (0..<5).reduce(value) { x, _ in 3.4445 * x - 4.7750 * pow(x, 3) + 2.0315 * pow(x, 5) }
  }

  let values = [3.0, 0.5, 0.02]
  var orthogonal: [Double] {
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { quintic($0 / norm) }
  }

  @Test(arguments: [(3, 5), (5, 3), (3, 3)]) func theDirectionHasTheMatrixsAxesAndAlikeSingularValues(
    _ rows: Int, _ columns: Int
  ) {
    #expect(orthogonal.allSatisfy { (0.65...1.25).contains($0) })
    let expected = matrix(orthogonal, rows, columns)
    // fp32 goes by bf16, which shifts a value of a hundredth.
    for (dtype, tolerance) in [(DType.float64, 1e-9), (.float32, 0.1)] {
      let x = Tensor(matrix(values, rows, columns), shape: [1, rows, columns]).to(dtype)
      let found = Muon.orthogonalised(x).to(.float64).reshaped(-1).doubles()
      let squares = zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      #expect(squares.squareRoot() < tolerance * 3.0.squareRoot(), "\(dtype)")
    }
  }

  @Test func aMatrixOfZerosStaysWhereItIs() {
    let parameter = Parameter(name: "w", value: Tensor([1.0, 2, 3, 4], shape: [2, 2]).copy(), decays: false)
    Muon([Muon.Matrix(parameter)], weightDecay: 0.1).update(gradients: [.zeros([2, 2], .float64)], learningRate: 0.1)
    #expect(parameter.value.doubles() == [1, 2, 3, 4])
  }

  @Test func stepsFollowMomentumRateUnitSizeAndDecay() {
    let start = (0..<15).map { Double($0) / 7 - 1 }
    let parameter = Parameter(name: "w", value: Tensor(start, shape: [3, 5]).copy(), decays: true)
    parameter.unit = 0.5
    let muon = Muon([Muon.Matrix(parameter, rate: 0.25)], weightDecay: 0.2)
    // Gradients with the same axes: so are momentum and direction, and everything is told by singular values.
    let steps = [values, [1.0, 2, 0.3], [0.2, 0.1, 0.7]]
    var (expected, momentum) = (start, [0.0, 0, 0])
    for gradient in steps {
      muon.update(
        gradients: [Tensor(matrix(gradient, 3, 5), shape: [3, 5])], learningRate: 0.1, gradientScale: 0.5)
      momentum = zip(momentum, gradient).map { 0.95 * $0 + 0.5 * $1 }
      let ahead = zip(momentum, gradient).map { 0.95 * $0 + 0.5 * $1 }
      let norm = ahead.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let direction = matrix(ahead.map { quintic($0 / norm) }, 3, 5)
      let size = 0.025 * 0.2 * 5.0.squareRoot() * 0.5
      expected = zip(expected, direction).map { $0 * (1 - 0.025 * 0.2) - size * $1 }
    }
    #expect(zip(parameter.value.doubles(), expected).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test func blocksOfRowsMoveAsMatricesOfTheirOwn() {
    let (b, c) = (matrix(values, 3, 3), matrix([0.1, 0.3, 0.2], 3, 3))
    func moved(_ gradient: [Double], blocks: Int) -> [Double] {
      let shape = [gradient.count / 3, 3]
      let parameter = Parameter(name: "bc", value: .zeros(shape, .float64), decays: true)
      Muon([Muon.Matrix(parameter, blocks: blocks)], weightDecay: 0)
        .update(gradients: [Tensor(gradient, shape: shape)], learningRate: 1)
      return parameter.value.reshaped(-1).doubles()
    }
    let apart = moved(b, blocks: 1) + moved(c, blocks: 1)
    #expect(zip(moved(b + c, blocks: 2), apart).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(moved(b + c, blocks: 1), apart).contains { abs($0 - $1) > 0.01 })
  }
}
