import MohawkTensor
import Testing

@Suite struct GradientTests {
  struct Stop: Error {}

  @Test func gradientsAddUpUntilTheyAreDropped() {
    let x = numbers([1, 2])
    x.requiresGradient = true
    #expect(x.gradient == nil)
    (x * 3).sum().backward()
    (x * 3).sum().backward()
    expectClose(x.gradient!, [6, 6])
    x.gradient = nil
    #expect(x.gradient == nil)
    (x * 2).backward(numbers([1, 10]))
    expectClose(x.gradient!, [2, 20])
    x.gradient = numbers([0.5, 0.5])
    expectClose(x.gradient!, [0.5, 0.5])
  }

  @Test func gradientsOfInputsLeaveTheLeavesAlone() {
    let x = numbers([1, 2])
    let y = numbers([3, 4])
    let apart = numbers([5])
    for leaf in [x, y, apart] { leaf.requiresGradient = true }
    let found = (x * y).sum().gradients(of: [x, y, apart])
    expectClose(found[0]!, [3, 4])
    expectClose(found[1]!, [1, 2])
    #expect(found[2] == nil)
    #expect(x.gradient == nil)
  }

  @Test func withoutGradientsRecordsNothingAndRestoresOnThrow() throws {
    let x = numbers([1, 2])
    x.requiresGradient = true
    #expect(withoutGradients { (x * 2).requiresGradient } == false)
    #expect((x * 2).requiresGradient)
    #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
    #expect((x * 2).requiresGradient, "recording is on again after the throw")
    withoutGradients {
      #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
      #expect(!(x * 2).requiresGradient, "and still off where it was off")
    }
  }

  @Test func detachedTensorsAreConstants() {
    let x = numbers([2, 3])
    x.requiresGradient = true
    (x * x.detached()).sum().backward()
    expectClose(x.gradient!, [2, 3])
    #expect(!x.detached().requiresGradient)
  }

  @Test func hiddenStorageMayChangeBeforeTheBackwardPass() {
    let x = numbers([1, 2])
    x.requiresGradient = true
    let doubled = x * 2
    let product = doubled * doubled
    doubled.hidden().fill(7)
    product.sum().backward()
    expectClose(x.gradient!, [28, 28])
  }

  @Test func temporariesOutliveTheirCalls() {
    // Every operand is released by Swift at its last use; the graph and the call must keep what they need.
    let x = numbers([0.5, -1, 2, 3], [2, 2])
    x.requiresGradient = true
    for _ in 0..<200 {
      let loss = Tensor.concatenated([x.matmul(x + 1).softmax(-1) * 2, (x * 3).exp().log1p().transposed()], 0)
        .linear(Tensor.ones([3, 2], .float64) * 0.5, Tensor.zeros([3], .float64) + 1)
        .layerNorm(Tensor.ones([3], .float64) + 0.1, Tensor.zeros([3], .float64), epsilon: 1e-5).square().mean()
      loss.backward(Tensor.ones([], .float64) * 1)
    }
    #expect(x.gradient!.isFinite().all().intItem() == 1)
    x.gradient!.multiplyInPlace(1.0 / 200)
    let summed = x.gradient!.doubles()
    x.gradient = nil
    let once = Tensor.concatenated([x.matmul(x + 1).softmax(-1) * 2, (x * 3).exp().log1p().transposed()], 0)
      .linear(Tensor.ones([3, 2], .float64) * 0.5, Tensor.zeros([3], .float64) + 1)
      .layerNorm(Tensor.ones([3], .float64) + 0.1, Tensor.zeros([3], .float64), epsilon: 1e-5).square().mean()
    once.backward()
    expectClose(x.gradient!, summed, tolerance: 1e-9)
  }
}
