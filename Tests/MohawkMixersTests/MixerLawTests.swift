import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@Suite struct MixerLawTests {
  @Test(arguments: MixerCase.allCases, MixerLaw.allCases)
  func everyMixerKeepsEveryLaw(_ mixer: MixerCase, _ law: MixerLaw) {
    MixerLaws.check(law, modelDim: mixer.modelDim) { mixer.build($0) }
  }

  @Test(arguments: MixerCase.allCases, CausalLaw.allCases)
  func everyMixerOfModelsIsCausal(_ mixer: MixerCase, _ law: CausalLaw) {
    let subject = CausalLawSubject(mixer: mixer.build().mixer, modelDim: mixer.modelDim)
    subject.check(law, constantState: mixer.hasConstantState)
  }

  @Test(arguments: MixerLaw.allCases) func aMixerThatLooksBothWaysKeepsTheLawsOfMatrices(_ law: MixerLaw) {
    MixerLaws.check(law, modelDim: 24) { dtype in
      let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 11), dtype))
      return (BothWays(build.root), build.parameters)
    }
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
      #expect(depends == parameter.traits.contains(.shapesMatrix), "\(parameter.name)")
    }
  }

  /// They are never rounded, and have a learning rate of their own.
  @Test func decaysAndStepSizesSayThatTheyAre() {
    let delta: Set = ["A_log", "dt_bias", "in_proj.a"]
    let decays: [(MixerCase, Set<String>)] = [
      (.attention, []), (.slidingWindow, []), (.linear, []), (.hedgehog, []), (.retention, []), (.toeplitz, []),
      (.monarch, []),
      (.windowedStateSpace, ["in_proj.a_log"]),
      (.headwiseMamba2, ["in_proj.dt", "in_proj.bias.dt", "A_log", "dt_bias"]),
      (.biasedMamba, ["dt_proj.weight", "dt_proj.bias", "A_log"]), (.gatedDeltaNet, delta),
      (.kimiDelta, ["in_proj.f", "f_proj.weight", "A_log", "dt_bias"]),
      (.gatedLinear, ["in_proj.f", "f_proj.weight", "f_proj.bias"]),
      (.semiseparable, ["in_proj.f", "f_proj.weight", "f_proj.bias"]),
    ]
    for (kind, names) in decays {
      let parameters = kind.build().parameters.all.filter { $0.traits.contains(.setsDecays) }
      #expect(Set(parameters.map { String($0.name.dropFirst("mixer.".count)) }) == names, "\(kind)")
      #expect(parameters.allSatisfy { !$0.traits.allowRounding($0.value.shape) })
    }
  }

  @Test func kindsHaveNamesOfTheirOwn() {
    let kinds = MixerCase.allCases.map { type(of: $0.build().mixer).kind }
    #expect(
      Set(kinds) == [
        "attention", "Discrete-Mamba-2", "Mamba-2", "Mamba", "Gated DeltaNet", "Kimi Delta Attention",
        "gated linear attention", "linear attention", "linear attention with 1 + ELU", "Hedgehog linear attention",
        "sliding-window attention", "Toeplitz", "Monarch", "Retention", "general semiseparable",
      ])
  }
}
