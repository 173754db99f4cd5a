import MohawkTensor
import Testing

/// Projections do not keep what comes out of a norm but have it made anew. A view hides the norm from them, so that they
/// keep what they are given: values and gradients are the same to the last bit.
@Suite struct NormedProjectionTests {
  @Test(arguments: Instructions.allCases, [false, true])
  func aNormsOutputMadeAnewIsTheOneThatCouldBeKept(_ set: Instructions, _ isCentred: Bool) {
    let noise = RandomGenerator(seed: 5)
    let given = [[2, 70, 48], [48], [48], [96, 48], [32, 48], [40, 96]].map { noise.normal($0) }
    func run(isHidden: Bool, twice: Bool) -> [Tensor] {
      let leaves = given.map { $0.copy() }
      for leaf in leaves { leaf.requiresGradient = true }
      for _ in 0..<(twice ? 2 : 1) {
        let norm =
          isCentred
          ? leaves[0].layerNorm(leaves[1], leaves[2], epsilon: 1e-5, as: .bfloat16)
          : leaves[0].rmsNorm(leaves[1], epsilon: 1e-5, as: .bfloat16)
        let input = isHidden ? norm.transposed(0, 1).transposed(0, 1) : norm
        let (wide, narrow) = (input.projected(by: leaves[3]), input.projected(by: leaves[4]))
        let activated = wide.projected(by: leaves[5], after: .geluTanh)
        (activated.to(.float32).sum() + (narrow * narrow).to(.float32).sum() + input.to(.float32).sum()).backward()
      }
      return leaves.map { $0.gradient ?? .zeros([1]) }
    }
    Instructions.limited(to: set) {
      for twice in [false, true] {
        let (anew, kept) = (run(isHidden: false, twice: twice), run(isHidden: true, twice: twice))
        for (a, b) in zip(anew, kept) { #expect((a - b).abs().max().item() == 0) }
      }
    }
  }

  @Test func aNormThatIsNotTrainedCanBeMadeAnewToo() {
    let noise = RandomGenerator(seed: 6)
    let (x, scale, weight) = (noise.normal([9, 16]), noise.normal([16]), noise.normal([8, 16]))
    func gradients(isHidden: Bool) -> [Tensor] {
      let (x, weight) = (x.copy(), weight.copy())
      for leaf in [x, weight] { leaf.requiresGradient = true }
      let norm = x.rmsNorm(scale, epsilon: 1e-5, as: .bfloat16)
      (isHidden ? norm.transposed(0, 1).transposed(0, 1) : norm).projected(by: weight).to(.float32).sum().backward()
      return [x.gradient!, weight.gradient!]
    }
    for (a, b) in zip(gradients(isHidden: false), gradients(isHidden: true)) {
      #expect((a - b).abs().max().item() == 0)
    }
  }
}
