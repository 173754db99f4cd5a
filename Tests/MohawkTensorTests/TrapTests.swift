import MohawkTensor
import Testing

/// Programming mistakes end the process and say which operation was given which shapes.
@Suite struct TrapTests {
  func expectMessage(_ result: ExitTest.Result?, _ parts: String..., at location: SourceLocation = #_sourceLocation) {
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    for part in parts { #expect(message.contains(part), "\(message)", sourceLocation: location) }
  }

  @Test func aProductOfWrongShapesNamesBoth() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([4, 5]))
    }
    expectMessage(result, "matmul", "float32[2, 3]", "float32[4, 5]", "TrapTests.swift")
  }

  @Test func aSumOfWrongShapesNamesBoth() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([4], .float64)
    }
    expectMessage(result, "+", "float32[2, 3]", "float64[4]")
  }

  @Test func aViewOutsideTheTensorIsRefused() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).narrowed(1, from: 2, length: 5)
    }
    expectMessage(result, "narrowed", "[2, 3]")
  }

  @Test func valuesThatDoNotFillTheShapeAreRefused() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2, 3], shape: [2, 2])
    }
    expectMessage(result, "3 values cannot fill the shape [2, 2]")
  }

  @Test func anItemOfManyElementsIsRefused() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]).item()
    }
    expectMessage(result, "item", "[2]")
  }
}
