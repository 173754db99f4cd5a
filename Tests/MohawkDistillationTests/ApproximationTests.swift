import Foundation
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkDistillation

@Suite struct ApproximationTests {
  /// How the tests search: short texts need few steps.
  private let search = MatrixApproximation.Search(steps: 800, rate: 0.03, seed: 2)

  private func random(_ shape: [Int], _ seed: UInt64) -> Tensor { RandomGenerator(seed: seed).normal(shape, .float64) }

  /// Causal softmax of random scores.
  private func attention(_ count: Int, _ length: Int, sharpness: Double = 1) -> Tensor {
    let scores = random([count, length, length], 5) * sharpness
    return (scores + Tensor.full([length, length], -1e30, .float64).upperTriangle(1)).softmax(-1)
  }

  /// C A⋯A B of a recurrence whose transitions are full random matrices.
  private func recurrence(_ count: Int, _ length: Int, _ order: Int) -> Tensor {
    let transitions = random([count, length, order, order], 1) * (0.9 / Double(order).squareRoot())
    let (inputs, outputs) = (random([count, length, order, 1], 2), random([count, length, 1, order], 3))
    let rows = (0..<length).map { i in
      var product = outputs.selected(1, i)
      var row: [Tensor] = []
      for j in (0...i).reversed() {
        row.insert(product.matmul(inputs.selected(1, j)), at: 0)
        product = product.matmul(transitions.selected(1, j))
      }
      return Tensor.concatenated(row + (i + 1 < length ? [.zeros([count, 1, length - 1 - i], .float64)] : []), 2)
    }
    return .concatenated(rows, 1)
  }

  private func errors(_ matrices: Tensor, _ kind: MatrixClass) -> [Double] {
    MatrixApproximation.errors(of: matrices, in: kind, search)
  }

  @Test func membersOfAClassAreTheirOwnNearest() {
    let length = 24
    let average = MatrixApproximation.nearest(to: attention(2, length), in: .average)
    #expect(errors(average, .average).allSatisfy { $0 < 1e-12 })
    let window = Tensor.stacked([ExponentialWindow.matrix(0.93, length) * 0.2, ExponentialWindow.matrix(0.5, length)])
    #expect(errors(window, .window).allSatisfy { $0 < 1e-7 })
    let toeplitz = MatrixApproximation.nearest(to: attention(2, length), in: .toeplitz)
    #expect(errors(toeplitz, .toeplitz).allSatisfy { $0 < 1e-12 })
    #expect(errors(recurrence(2, length, 3), .semiseparable(3)).allSatisfy { $0 < 1e-6 })
    let (b, c) = (random([2, length, 1, 2], 1), random([2, length, 1, 2], 2))
    let low = SSD.matrix(b: b, c: c, logDecay: .zeros([2, length, 1], .float64)).squeezed(1)
    #expect(errors(low, .lowRank(2)).allSatisfy { $0 < 0.02 }, "\(errors(low, .lowRank(2)))")
    let decays = -random([2, length, 1], 3).softplus() * 0.2
    let ssd = SSD.matrix(b: b, c: c, logDecay: decays).squeezed(1)
    #expect(errors(ssd, .ssd(2)).allSatisfy { $0 < 0.05 }, "\(errors(ssd, .ssd(2)))")
    #expect(errors(ssd, .semiseparable(2)).allSatisfy { $0 < 1e-6 })
  }

  @Test(arguments: [1, 4, 60, 64]) func monarchMatricesAreTheirOwnNearest(_ length: Int) {
    let block = MonarchProjection.block(length)
    let monarch = CausalMonarch(
      own: random([2, block, block], 1), near: random([2, block, block], 2), far: random([2, block, block], 3)
    ).matrix(length: length)
    #expect(errors(monarch, .monarch).allSatisfy { $0 < 1e-9 })
  }

  /// Nothing in its neighbourhood comes nearer, and rows of a block that are alike are met exactly.
  @Test func theMonarchProjectionIsTheNearest() {
    let matrices = attention(2, 16)
    let near = MatrixApproximation.nearest(to: matrices, in: .monarch)
    let rest = matrices - near
    #expect(near.upperTriangle(1).abs().max().item() == 0)
    // Blocks on the diagonal are the matrix's.
    for block in stride(from: 0, to: 16, by: 4) {
      let inside = rest.narrowed(1, from: block, length: 4).narrowed(2, from: block, length: 4)
      #expect(inside.abs().max().item() < 1e-12)
    }
    // What is left of a slice is orthogonal to both sides of its outer product.
    for place in 0..<4 {
      func slice(_ x: Tensor) -> Tensor {
        Tensor.concatenated([1, 2, 3].map { x.narrowed(1, from: 4 * $0 + place, length: 1) }, 1)
          .narrowed(2, from: 0, length: 4)
      }
      let (left, kept) = (slice(rest), slice(near))
      #expect(left.matmul(kept.transposed()).abs().max().item() < 1e-9)
      #expect(left.transposed().matmul(kept).abs().max().item() < 1e-9)
      #expect(left.square().sum().item() > 1e-6)
    }
  }

  @Test func largerClassesComeNearer() {
    let matrices = attention(3, 32)
    for order in [2, 4, 8] {
      let (low, ssd) = (errors(matrices, .lowRank(order)), errors(matrices, .ssd(order)))
      for index in 0..<3 { #expect(ssd[index] < low[index] + 0.02 && low[index] < 1, "\(order)") }
    }
    let general = [1, 2, 4, 8, 16, 31].map { errors(matrices, .semiseparable($0)) }
    for (smaller, larger) in zip(general, general.dropFirst()) {
      for (a, b) in zip(smaller, larger) { #expect(b < a) }
    }
    #expect(general.last!.allSatisfy { $0 < 1e-6 })
  }

  @Test func everyBlockOfATruncatedMatrixHasTheRank() {
    let matrices = attention(2, 20, sharpness: 2)
    let near = SemiseparableTruncation.truncated(matrices, order: 3)
    for split in 1..<20 {
      for index in 0..<2 {
        func block(_ x: Tensor) -> [Float] {
          let part = x.selected(0, index).narrowed(0, from: split, length: 20 - split).narrowed(
            1, from: 0, length: split)
          let size = max(split, 20 - split)
          return part.padded(0, size - split, 0, size - (20 - split)).to(.float32).floats()
        }
        let size = max(split, 20 - split)
        let values = singular(block(near), size)
        #expect(values.count <= 3 || values[3] < 1e-5 * values[0], "split \(split)")
      }
    }
    #expect(errors(matrices, .semiseparable(3)).allSatisfy { $0 < 1 })
  }

  /// Singular values by the eigenvalues of the square, with plain power iteration and deflation.
  private func singular(_ values: [Float], _ size: Int) -> [Double] {
    let matrix = Tensor(values.map(Double.init), shape: [size, size])
    var square = matrix.transposed().matmul(matrix)
    return (0..<min(size, 4)).map { _ in
      var vector = random([size, 1], 7)
      for _ in 0..<200 {
        let image = square.matmul(vector)
        vector = image / (image.square().sum().sqrt() + 1e-300)
      }
      let value = vector.transposed().matmul(square.matmul(vector)).sum().item()
      square = square - vector.matmul(vector.transposed()) * value
      return max(0, value).squareRoot()
    }
  }

  @Test func toeplitzIsTheMeanOfEveryDiagonal() {
    let matrix = Tensor([1.0, 9, 9, 2, 3, 9, 4, 6, 5], shape: [1, 3, 3])
    let near = MatrixApproximation.nearest(to: matrix, in: .toeplitz)
    #expect(near.doubles() == [3, 0, 0, 4, 3, 0, 4, 4, 3])
  }

  @Test func matricesDoNotDisturbEachOther() {
    let matrices = attention(3, 16)
    let alone = MatrixApproximation.errors(of: matrices.narrowed(0, from: 0, length: 1), in: .semiseparable(2))
    #expect(abs(errors(matrices, .semiseparable(2))[0] - alone[0]) < 1e-9)
    let scaled = MatrixApproximation.errors(of: matrices * 1e-3, in: .ssd(2), search)
    for (a, b) in zip(scaled, errors(matrices, .ssd(2))) { #expect(abs(a - b) < 1e-3) }
  }
}
