import Foundation
import MohawkTensor
import Testing

@Suite struct ReductionTests {
  let x = numbers([1, -2, 3, 0.5, 4, -1], [2, 3])

  @Test func reductionsOverEverything() {
    expectClose(x.sum(), [5.5], shape: [])
    expectClose(x.mean(), [5.5 / 6], shape: [])
    expectClose(x.max(), [4], shape: [])
    #expect(x.less(5).all().intItem() == 1)
    #expect(x.less(4).all().intItem() == 0)
  }

  @Test func reductionsOverDimensions() {
    expectClose(x.sum(over: 0), [1.5, 2, 2], shape: [3])
    expectClose(x.sum(over: -1, keep: true), [2, 3.5], shape: [2, 1])
    expectClose(x.sum(over: 0, 1), [5.5], shape: [])
    expectClose(x.mean(over: 1), [2.0 / 3, 3.5 / 3], shape: [2])
    expectClose(x.max(over: 0), [1, 4, 3])
    expectClose(x.min(over: 1), [-2, -1])
    expectClose(x.norm(over: 1), [sqrt(14), sqrt(17.25)])
    expectClose(x.norm(over: 0, 1), [sqrt(31.25)], shape: [])
    expectClose(x.logSumExp(over: 1), [log(exp(1) + exp(-2) + exp(3)), log(exp(0.5) + exp(4) + exp(-1))])
    expectClose(x.cumulativeSum(1), [1, -1, 2, 0.5, 4.5, 3.5], shape: [2, 3])
    expectClose(x.flipped(1), [3, -2, 1, -1, 4, 0.5])
    #expect(x.argmax(1).integers() == [2, 1])
    #expect(x.argmax(0, keep: true).shape == [1, 3])
  }

  @Test func softmaxSumsToOneAndStaysFinite() {
    let soft = x.softmax(1)
    let e = [exp(1.0), exp(-2.0), exp(3.0)]
    let sum = e.reduce(0, +)
    expectClose(soft.selected(0, 0), e.map { $0 / sum })
    expectClose(soft.sum(over: 1), [1, 1])
    expectClose(x.logSoftmax(1).exp(), soft.doubles())
    expectClose(numbers([1e4, 1e4]).softmax(0), [0.5, 0.5])
    expectClose(numbers([1e4, 1e4]).logSumExp(over: 0), [1e4 + log(2)])
  }

  @Test func orderStatistics() {
    let (values, indices) = x.topK(2, 1)
    expectClose(values, [3, 1, 4, 0.5], shape: [2, 2])
    #expect(indices.integers() == [2, 0, 1, 0])
    let (rising, order) = numbers([3, 1, 2, 1]).sorted()
    expectClose(rising, [1, 1, 2, 3])
    #expect(order.integers() == [1, 3, 2, 0], "equal elements keep their order")
    expectClose(numbers([3, 1, 2]).sorted(descending: true).values, [3, 2, 1])
  }

  @Test func gradientsOfReductions() {
    let all: [(String, (Tensor) -> Tensor)] = [
      ("sum", { $0.sum() }), ("mean", { $0.mean() }), ("max", { $0.max() }), ("sum over", { $0.sum(over: 0) }),
      ("mean over", { $0.mean(over: 1, keep: true) }), ("max over", { $0.max(over: 1) }),
      ("min over", { $0.min(over: 1) }), ("logSumExp", { $0.logSumExp(over: 1) }), ("norm", { $0.norm(over: 1) }),
      ("Frobenius norm", { $0.norm(over: 0, 1) }), ("cumulativeSum", { $0.cumulativeSum(1) }),
      ("softmax", { $0.softmax(1) }), ("logSoftmax", { $0.logSoftmax(1) }), ("flipped", { $0.flipped(0) }),
      ("topK", { $0.topK(2, 1).values }), ("sorted", { $0.sorted(1).values }),
    ]
    for (name, function) in all { expectGradients(name, [x]) { function($0[0]) } }
  }
}
