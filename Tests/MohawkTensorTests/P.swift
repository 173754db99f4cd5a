import MohawkTensor
import Testing
@Suite struct Smoke {
  @Test func matmulWorks() {
    let a = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    a.requiresGradient = true
    let b = a.matmul(a).sum()
    b.backward()
    #expect(b.item() == 54)
    #expect(a.gradient!.floats() == [7, 11, 9, 13])
  }
}
