import MohawkMixers
import MohawkTensor
import Testing

@Suite struct MixerLawTests {
  @Test(arguments: MixerCase.allCases, MixerLaw.allCases)
  func everyMixerKeepsEveryLaw(_ mixer: MixerCase, _ law: MixerLaw) {
    MixerLaws.check(law, modelDim: MixerCase.modelDim, constantState: mixer.hasConstantState) { mixer.build($0) }
  }

  @Test(arguments: [MixerCase.stateSpace, .groupedStateSpace, .sharedStateSpace])
  func theMatrixDependsOnExactlyTheParametersThatAreNamedSo(_ mixer: MixerCase) {
    let (mixer, parameters) = mixer.build()
    parameters.train { _ in true }
    let subject = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: MixerCase.modelDim)
    let matrix = mixer.matrix(of: subject.input(9))
    let gradients = matrix.gradients(of: parameters.all.map(\.value), .ones(matrix.shape, .float64))
    for (parameter, gradient) in zip(parameters.all, gradients) {
      let depends = (gradient?.abs().max().item() ?? 0) > 0
      #expect(depends == DiscreteMamba2.matrixDependsOn(parameter.name), "\(parameter.name)")
    }
  }
}
