import Foundation
import MohawkTensor
import Testing

@Suite struct ArithmeticTests {
  let a = numbers([1, -2, 3, 0.5], [2, 2])
  let b = numbers([4, 5, -6, 2], [2, 2])

  @Test func operatorsWorkElementByElement() {
    expectClose(a + b, [5, 3, -3, 2.5], shape: [2, 2])
    expectClose(a - b, [-3, -7, 9, -1.5])
    expectClose(a * b, [4, -10, -18, 1])
    expectClose(a / b, [0.25, -0.4, -0.5, 0.25])
    expectClose(-a, [-1, 2, -3, -0.5])
    expectClose(a.maximum(b), [4, 5, 3, 2])
    expectClose(a.minimum(b), [1, -2, -6, 0.5])
  }

  @Test func numbersStandOnEitherSide() {
    expectClose(a + 1, [2, -1, 4, 1.5])
    expectClose(1 + a, [2, -1, 4, 1.5])
    expectClose(a - 1, [0, -3, 2, -0.5])
    expectClose(1 - a, [0, 3, -2, 0.5])
    expectClose(a * 2, [2, -4, 6, 1])
    expectClose(2 * a, [2, -4, 6, 1])
    expectClose(a / 4, [0.25, -0.5, 0.75, 0.125])
  }

  @Test func smallerShapesAreBroadcast() {
    let row = numbers([10, 20])
    let column = numbers([1, 2], [2, 1])
    expectClose(a + row, [11, 18, 13, 20.5], shape: [2, 2])
    expectClose(row * column, [10, 20, 20, 40], shape: [2, 2])
    expectClose(a - .scalar(1, .float64), [0, -3, 2, -0.5], shape: [2, 2])
  }

  @Test func productsOfMatrices() {
    expectClose(a.matmul(b), [1 * 4 + 12, 5 - 4, 12 - 3, 15 + 1], shape: [2, 2])
    let batch = Tensor.stacked([a, b])
    expectClose(batch.matmul(numbers([1, 2])), [-3, 4, 14, -2], shape: [2, 2])
    expectClose(numbers([1, 2]).outer(numbers([3, 4, 5])), [3, 4, 5, 6, 8, 10], shape: [2, 3])
    let sum = numbers([1, 1, 1, 1], [2, 2])
    sum.addProductInPlace(a, b)
    expectClose(sum, [17, 2, 10, 17])
  }

  @Test func comparisonsAreBoolean() {
    let x = numbers([1, 2, 3])
    let y = numbers([2, 2, 2])
    #expect(x.less(y).values(as: Bool.self) == [true, false, false])
    #expect(x.lessOrEqual(y).values(as: Bool.self) == [true, true, false])
    #expect(x.greater(y).values(as: Bool.self) == [false, false, true])
    #expect(x.greaterOrEqual(y).values(as: Bool.self) == [false, true, true])
    #expect(x.equals(y).values(as: Bool.self) == [false, true, false])
    #expect(x.differs(y).values(as: Bool.self) == [true, false, true])
    #expect(x.less(2).values(as: Bool.self) == [true, false, false])
    #expect(x.lessOrEqual(2).values(as: Bool.self) == [true, true, false])
    #expect(x.greater(2).values(as: Bool.self) == [false, false, true])
    #expect(x.greaterOrEqual(2).values(as: Bool.self) == [false, true, true])
    #expect(x.equals(2).values(as: Bool.self) == [false, true, false])
    #expect(x.less(2).or(x.greater(2)).values(as: Bool.self) == [true, false, true])
    #expect(x.less(3).and(x.greater(1)).values(as: Bool.self) == [false, true, false])
    #expect(x.less(2).not().values(as: Bool.self) == [false, true, true])
    #expect(x.less(2).dtype == .bool)
  }

  @Test func changesInPlaceReachEveryView() {
    let base = Tensor.zeros([2, 3], .float64)
    let row = base.selected(0, 1)
    row.fill(2)
    row.addInPlace(numbers([1, 2, 3]), scale: 10)
    row.multiplyInPlace(numbers([1, 2, 0.5]))
    base.multiplyInPlace(-1)
    expectClose(base, [0, 0, 0, -12, -44, -16])
    base.clampInPlace(min: -20)
    expectClose(base, [0, 0, 0, -12, -20, -16])
    base.assign(numbers([1, 2, 3]))
    expectClose(row, [1, 2, 3])
    base.expInPlace()
    expectClose(row, [exp(1), exp(2), exp(3)])
    let square = Tensor.ones([2, 2], .float64)
    square.lowerTriangleInPlace()
    expectClose(square, [1, 0, 1, 1])
  }

  @Test func gradientsOfArithmetic() {
    let row = numbers([0.7, -1.3])
    expectGradients("+", [a, row]) { $0[0] + $0[1] }
    expectGradients("-", [a, row]) { $0[0] - $0[1] }
    expectGradients("*", [a, row]) { $0[0] * $0[1] }
    expectGradients("/", [a, row]) { $0[0] / $0[1] }
    expectGradients("scalars", [a]) { 3 - ($0[0] * 2 + 1) / 5 }
    expectGradients("maximum", [a, b]) { $0[0].maximum($0[1]) }
    expectGradients("minimum", [a, b]) { $0[0].minimum($0[1]) }
    expectGradients("matmul", [Tensor.stacked([a, b]), b]) { $0[0].matmul($0[1]) }
    expectGradients("outer", [row, numbers([1, 2, 3])]) { $0[0].outer($0[1]) }
  }
}
