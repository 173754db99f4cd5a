import MohawkTensor
import Testing

@Suite struct KeptCopyTests {
  @Test func aKeptCopyIsIndependent() {
    let original = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    original.requiresGradient = true
    let view = original.transposed(0, 1)
    let kept = view.keptCopy()
    withoutGradients { original.fill(0) }
    #expect(kept.shape == [3, 2] && kept.floats() == [1, 4, 2, 5, 3, 6] && !kept.requiresGradient)
    #expect(Tensor.zeros([0, 3]).keptCopy().shape == [0, 3])
    #expect(Tensor([7, 8] as [Int64], shape: [2]).keptCopy().integers() == [7, 8])
  }

  /// Blocks that are split, given back in any order and joined again never overlap.
  @Test func manyThatComeAndGoKeepTheirNumbers() {
    var kept: [Int: Tensor] = [:]
    var number: UInt64 = 1
    for turn in 0..<3000 {
      number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let place = Int(number >> 33) % 100
      if let old = kept.removeValue(forKey: place) {
        let (low, high) = (old.min().item(), old.max().item())
        #expect(low == high && Int(low) % 100 == place)
      }
      let size = 1 + Int(number >> 45) % 5000
      kept[place] = Tensor.full([size], Double(turn * 100 + place)).keptCopy()
    }
    #expect(kept.allSatisfy { place, tensor in Int(tensor.min().item()) % 100 == place })
  }
}
