import Foundation
import MohawkTensor
import Testing

@Suite struct NeuralTests {
  /// Uneven numbers of any shape.
  func uneven(_ shape: [Int], _ phase: Double) -> Tensor {
    (Tensor.range(0, shape.reduce(1, *), .float64) * 1.3 + phase).sin().reshaped(shape)
  }

  @Test func linearIsAProductWithTheTransposedWeight() {
    let x = numbers([1, 2, 3, 4], [2, 2])
    let weight = numbers([1, 0, -1, 2, 3, 1], [3, 2])
    expectClose(x.linear(weight), [1, 3, 5, 3, 5, 13], shape: [2, 3])
    expectClose(x.linear(weight, numbers([10, 20, 30])), [11, 23, 35, 13, 25, 43])
    expectGradients("linear", [x, weight, numbers([1, 2, 3])]) { $0[0].linear($0[1], $0[2]) }
  }

  @Test func layerNormHasZeroMeanAndUnitVariance() {
    let x = numbers([1, 2, 3, -4, 0, 4], [2, 3])
    let out = x.layerNorm(numbers([1, 1, 2]), numbers([0, 0, 1]), epsilon: 0)
    let s = sqrt(1.5)
    expectClose(out.selected(0, 0), [-s, 0, 2 * s + 1])
    expectClose(out.selected(0, 1), [-s, 0, 2 * s + 1])
    expectGradients("layerNorm", [x, numbers([1, 0.5, 2]), numbers([0, 1, 2])]) {
      $0[0].layerNorm($0[1], $0[2], epsilon: 1e-5)
    }
  }

  @Test func embeddingTakesRows() {
    let table = numbers([0, 1, 10, 11, 20, 21], [3, 2])
    let ids = Tensor([2, 0, 2, 1] as [Int64], shape: [2, 2])
    expectClose(table.embedding(ids), [20, 21, 0, 1, 20, 21, 10, 11], shape: [2, 2, 2])
    expectGradients("embedding", [table]) { $0[0].embedding(ids) }
  }

  @Test func depthwiseConvolutionKeepsChannelsApart() {
    let x = numbers([1, 2, 3, 4, 10, 20, 30, 40], [1, 2, 4])
    let taps = numbers([1, 0, -1, 0, 1, 2], [2, 1, 3])
    expectClose(x.depthwiseConvolution(taps), [-2, -2, 80, 110], shape: [1, 2, 2])
    expectClose(x.depthwiseConvolution(taps, numbers([1, 2])), [-1, -1, 82, 112])
    expectGradients("depthwiseConvolution", [x, taps, numbers([1, 2])]) { $0[0].depthwiseConvolution($0[1], $0[2]) }
  }

  @Test func attentionIsSoftmaxTimesValues() {
    let (q, k, v) = (uneven([1, 2, 3, 4], 0), uneven([1, 2, 3, 4], 1), uneven([1, 2, 3, 4], 2))
    let scores = q.matmul(k.transposed()) * 0.5
    let future = Tensor.ones([3, 3]).upperTriangle(1).greater(0)
    let causal = scores.filled(where: future, with: -.infinity).softmax(-1).matmul(v)
    expectClose(q.attention(keys: k, values: v, causal: true, scale: 0.5), causal.doubles(), shape: [1, 2, 3, 4])
    let full = scores.softmax(-1).matmul(v)
    expectClose(q.attention(keys: k, values: v, causal: false, scale: 0.5), full.doubles())
    expectGradients("attention", [q, k, v]) { $0[0].attention(keys: $0[1], values: $0[2], causal: true, scale: 0.5) }
  }

  @Test func crossEntropyIsTheMeanOfMinusLogProbabilities() {
    let logits = numbers([1, 2, 0.5, 3, -1, 0], [2, 3])
    let targets = Tensor([1, 0] as [Int64])
    let rows = [[1, 2, 0.5], [3, -1, 0.0]]
    let expected = zip(rows, [1, 0]).map { row, target in log(row.map { exp($0) }.reduce(0, +)) - row[target] }
    expectClose(logits.crossEntropy(targets), [(expected[0] + expected[1]) / 2], shape: [])
    expectGradients("crossEntropy", [logits]) { $0[0].crossEntropy(targets) }
  }
}
