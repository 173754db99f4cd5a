import MohawkTensor
import Testing

@Suite struct ShapeTests {
  let x = Tensor.range(0, 6, .float64).reshaped(2, 3)

  @Test func rearrangementsPutElementsWhereTheySay() {
    expectClose(x.reshaped(3, -1), [0, 1, 2, 3, 4, 5], shape: [3, 2])
    expectClose(x.transposed(), [0, 3, 1, 4, 2, 5], shape: [3, 2])
    expectClose(x.unsqueezed(0).permuted(2, 0, 1), [0, 3, 1, 4, 2, 5], shape: [3, 1, 2])
    expectClose(x.unsqueezed(1), x.doubles(), shape: [2, 1, 3])
    expectClose(x.unsqueezed(1).squeezed(1), x.doubles(), shape: [2, 3])
    expectClose(x.narrowed(1, from: 1, length: 2), [1, 2, 4, 5], shape: [2, 2])
    expectClose(x.selected(-1, 2), [2, 5], shape: [2])
    expectClose(x.diagonal(), [0, 4], shape: [2])
    expectClose(x.diagonal(offset: 1), [1, 5])
    expectClose(numbers([1, 2], [2, 1]).expanded(2, 2), [1, 1, 2, 2], shape: [2, 2])
    expectClose(x.repeatedEach(2, 0), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5], shape: [4, 3])
    expectClose(x.padded(1, 0, value: 9), [9, 0, 1, 2, 9, 3, 4, 5], shape: [2, 4])
    expectClose(x.padded(0, 0, 0, 1), [0, 1, 2, 3, 4, 5, 0, 0, 0], shape: [3, 3])
    expectClose(x.lowerTriangle(), [0, 0, 0, 3, 4, 0])
    expectClose(x.upperTriangle(1), [0, 1, 2, 0, 0, 5])
    expectClose(.concatenated([x, x], 1), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5], shape: [2, 6])
    expectClose(.stacked([x, x], 0), x.doubles() + x.doubles(), shape: [2, 2, 3])
    let parts = x.split([1, 2])
    expectClose(parts[0], [0, 3], shape: [2, 1])
    expectClose(parts[1], [1, 2, 4, 5], shape: [2, 2])
  }

  @Test func elementsAreFoundByIndex() {
    expectClose(x.indexed(1, Tensor([2, 0] as [Int64])), [2, 0, 5, 3], shape: [2, 2])
    expectClose(x.gathered(1, Tensor([2, 0] as [Int64], shape: [2, 1])), [2, 3], shape: [2, 1])
    expectClose(x.filled(where: x.greater(3), with: -1), [0, 1, 2, 3, -1, -1])
    expectClose(x.less(2).choosing(x, -x), [0, 1, -2, -3, -4, -5])
  }

  @Test func viewsShareStorageAndCopiesDoNot() {
    let base = Tensor.zeros([2, 3])
    let views = [
      base.reshaped(6), base.transposed(), base.narrowed(1, from: 0, length: 3), base.unsqueezed(0), base.detached(),
      base.hidden(), base.permuted(1, 0), base.contiguous(), base.to(.float32),
    ]
    let copies = [base.copy(), base.transposed().contiguous(), base.to(.float64), base.to(.float64).to(.float32)]
    base.fill(1)
    for view in views { #expect(view.sum().item() == 6) }
    for copy in copies { #expect(copy.sum().item() == 0) }
    #expect(base.isContiguous && !base.transposed().isContiguous)
  }

  @Test func sizesAndDescriptions() {
    #expect(x.rank == 2 && x.shape == [2, 3] && x.count == 6 && x.byteCount == 48)
    #expect(x.size(0) == 2 && x.size(-1) == 3)
    #expect(Tensor.scalar(2).shape == [] && Tensor.scalar(2).count == 1)
    #expect(Tensor.zeros([0, 3]).count == 0 && Tensor.zeros([0, 3]).floats().isEmpty)
    #expect(Tensor([1, 2] as [Int32]).description == "Tensor(int32, [2], cpu [1, 2])")
  }

  @Test func gradientsOfRearrangements() {
    let all: [(String, (Tensor) -> Tensor)] = [
      ("reshaped", { $0.reshaped(3, 2) }), ("transposed", { $0.transposed() }), ("permuted", { $0.permuted(1, 0) }),
      ("narrowed", { $0.narrowed(1, from: 1, length: 2) }), ("selected", { $0.selected(0, 1) }),
      ("diagonal", { $0.diagonal() }), ("expanded", { $0.unsqueezed(0).expanded(2, 2, 3) }),
      ("repeatedEach", { $0.repeatedEach(3, 1) }), ("padded", { $0.padded(1, 2) }),
      ("lowerTriangle", { $0.lowerTriangle() }), ("upperTriangle", { $0.upperTriangle() }),
      ("concatenated", { .concatenated([$0, $0 * 2], 0) }), ("stacked", { .stacked([$0, $0 * 2], 1) }),
      ("indexed", { $0.indexed(1, Tensor([2, 0, 2] as [Int64])) }),
      ("gathered", { $0.gathered(1, Tensor([2, 2] as [Int64], shape: [2, 1])) }),
      ("filled", { $0.filled(where: $0.greater(2.5), with: 0) }), ("choosing", { $0.less(1.5).choosing($0, -$0) }),
      ("contiguous", { $0.transposed().contiguous() }), ("copy", { $0.copy() }),
    ]
    for (name, function) in all { expectGradients(name, [x]) { function($0[0]) } }
  }
}
