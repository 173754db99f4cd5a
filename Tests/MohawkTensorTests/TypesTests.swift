import Foundation
import MohawkFiles
import MohawkTensor
import Testing

@Suite struct TypesTests {
  @Test(arguments: DType.allCases) func everyTypeHoldsItsNumbers(_ dtype: DType) {
    let tensor = Tensor([0, 1, 1] as [Float]).to(dtype)
    #expect(tensor.dtype == dtype)
    #expect(tensor.byteCount == 3 * dtype.size)
    #expect(tensor.doubles() == [0, 1, 1] && tensor.integers() == [0, 1, 1])
    #expect(Tensor.full([2], 1, dtype).dtype == dtype)
  }

  @Test func swiftNumbersBecomeTheTypeOfTheSameLayout() {
    #expect(Tensor([1.5] as [Float]).dtype == .float32)
    #expect(Tensor([1.5]).dtype == .float64)
    #expect(Tensor([1] as [Int64]).dtype == .int64)
    #expect(Tensor([1] as [Int32]).dtype == .int32)
    #expect(Tensor([1] as [Int16]).dtype == .int16)
    #expect(Tensor([1] as [Int8]).dtype == .int8)
    #expect(Tensor([1] as [UInt8]).dtype == .uint8)
    #expect(Tensor([true]).dtype == .bool)
  }

  @Test func bfloat16RoundsToEightBits() {
    #expect(Tensor([1.001, 1.01] as [Float]).to(.bfloat16).floats() == [1, 1.0078125])
    #expect(Tensor([65504, 70000] as [Float]).to(.float16).floats() == [65504, .infinity])
  }

  @Test func largeIntegersAreExact() {
    let large: [Int64] = [.max, .min, 1 << 53 + 1]
    #expect(Tensor(large).values(as: Int64.self) == large)
    #expect(Tensor([1 << 53 + 1] as [Int64]).intItem() == 1 << 53 + 1)
  }

  @Test func unknownDevicesAreRefused() throws {
    #expect(try Device(named: "cpu") == .cpu)
    for name in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0:0", "CPU", "cuda:999"] {
      #expect(throws: MohawkError.self, "\(name)") { try Device(named: name) }
    }
  }
}

@Suite struct RandomGeneratorTests {
  @Test func theSameSeedDrawsTheSame() {
    let (a, b, c) = (RandomGenerator(seed: 7), RandomGenerator(seed: 7), RandomGenerator(seed: 8))
    let first = a.normal([1000]).floats()
    #expect(first == b.normal([1000]).floats())
    #expect(first != c.normal([1000]).floats())
  }

  @Test func aRestoredStateContinuesWhereItWasSaved() throws {
    let generator = RandomGenerator(seed: 7)
    _ = generator.normal([13])
    let state = generator.state
    func draws() -> [[Double]] {
      [
        generator.normal([5]).doubles(), generator.uniform([5]).doubles(), generator.integers(0..<100, [5]).doubles(),
        generator.draw(from: .ones([5, 10])).doubles(),
      ]
    }
    let expected = draws()
    #expect(draws() != expected)
    try generator.restore(state)
    #expect(draws() == expected)
    let other = RandomGenerator(seed: 1)
    try other.restore(state)
    #expect(other.normal([5]).doubles() == expected[0])
  }

  @Test func aStateOfOtherBytesIsRefused() {
    #expect(throws: MohawkError.self) { try RandomGenerator(seed: 1).restore(Tensor([1, 2, 3] as [UInt8])) }
  }

  @Test func drawsHaveTheirDistributions() {
    let generator = RandomGenerator(seed: 3)
    let normal = generator.normal([100_000], .float64)
    #expect(abs(normal.mean().item()) < 0.02 && abs(normal.square().mean().item() - 1) < 0.03)
    let uniform = generator.uniform([100_000], .float64)
    #expect(abs(uniform.mean().item() - 0.5) < 0.01)
    #expect(uniform.max().item() < 1 && uniform.min(over: 0).item() >= 0)
    let integers = generator.integers(3..<6, [10_000]).integers()
    #expect(Set(integers) == [3, 4, 5])
    let drawn = generator.draw(from: Tensor([0, 1, 0, 3] as [Float]).expanded(10_000, 4))
    #expect(drawn.shape == [10_000, 1])
    #expect(Set(drawn.integers()) == [1, 3], "what has no weight is never drawn")
    let share = Double(drawn.integers().count { $0 == 3 }) / 10_000
    #expect(abs(share - 0.75) < 0.03)
  }
}
