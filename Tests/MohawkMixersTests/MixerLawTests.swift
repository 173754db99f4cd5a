import MohawkMixers
import MohawkTensor
import Testing

@Suite struct MixerLawTests {
  @Test(arguments: MixerCase.allCases, MixerLaw.allCases)
  func everyMixerKeepsEveryLaw(_ mixer: MixerCase, _ law: MixerLaw) {
    MixerLaws.check(law, modelDim: mixer.modelDim, constantState: mixer.hasConstantState) { mixer.build($0) }
  }

  /// But for attention without positions, where a bias of all keys changes no matrix.
  @Test(arguments: MixerCase.allCases.filter { $0 != .attention })
  func theMatrixDependsOnExactlyTheParametersThatAreNamedSo(_ kind: MixerCase) {
    let (mixer, parameters) = kind.build()
    parameters.train { _ in true }
    let subject = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: kind.modelDim)
    let matrix = mixer.matrix(of: subject.input(9))
    let cotangent = RandomGenerator(seed: 3).normal(matrix.shape, .float64)
    let gradients = matrix.gradients(of: parameters.all.map(\.value), cotangent)
    for (parameter, gradient) in zip(parameters.all, gradients) {
      let depends = (gradient?.abs().max().item() ?? 0) > 1e-9
      #expect(depends == type(of: mixer).matrixDependsOn(parameter.name), "\(parameter.name)")
    }
  }

  @Test func kindsHaveNamesOfTheirOwn() {
    let kinds = MixerCase.allCases.map { type(of: $0.build().mixer).kind }
    #expect(
      Set(kinds) == [
        "attention", "Discrete-Mamba-2", "Mamba-2", "Mamba", "Gated DeltaNet", "Kimi Delta Attention",
        "gated linear attention", "linear attention", "linear attention with 1 + ELU", "Hedgehog linear attention",
        "Retention",
      ])
  }
}
