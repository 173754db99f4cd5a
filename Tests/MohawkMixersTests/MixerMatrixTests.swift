import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Factors of a matrix are the matrix.
@Suite struct MixerMatrixTests {
  @Test(arguments: MixerCase.allCases) func factorsMakeTheMatrix(_ subject: MixerCase) {
    let (mixer, _) = subject.build()
    let x = RandomGenerator(seed: 1).normal([2, 19, subject.modelDim], .float64)
    let matrix = mixer.factoredMatrix(of: x)
    #expect(matrix.whole().isIdentical(to: mixer.matrix(of: x)))
    switch matrix.factors {
    case .softmax(let factors):
      let q = factors.q * factors.scale
      let k = factors.k.repeatedEach(mixer.heads / factors.k.size(1), 1)
      let mask = Tensor.full([19, 19], -1e30, .float64).upperTriangle(1)
      let made = (q.matmul(k.transposed()) + mask).softmax(-1)
      #expect(made.error(from: matrix.whole()) < 1e-12)
    case .semiseparable(let factors):
      let made = SSD.matrix(b: factors.b, c: factors.c, logDecay: factors.logDecay)
      withoutGradients { made.diagonal().addInPlace(factors.skip.unsqueezed(-1)) }
      #expect(made.error(from: matrix.whole()) < 1e-12)
    case nil:
      let whole: [MixerCase] = [
        .windowWithSinks, .mamba, .biasedMamba, .windowedStateSpace, .normedWindowedStateSpace, .sinklessStateSpace,
        .narrowlyWindowedStateSpace, .gatedDeltaNet, .groupedDeltaNet, .kimiDelta,
        .groupedKimiDelta, .gatedLinear, .groupedGatedLinear, .linear, .eluLinear, .hedgehog, .retention,
        .slidingWindow, .normedSlidingWindow, .toeplitz, .longToeplitz, .semiseparable, .groupedSemiseparable, .monarch,
        .longMonarch,
        .keptHeads, .keptHeadsBesideWindow,
      ]
      #expect(whole.contains(subject))
    }
  }

  @Test func aWindowThatCutsRowsLeavesNoFactors() {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 11), .float64))
    var configuration = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 4, headDim: 6, rotaryDim: 0, maxLength: 64, bias: true)
    configuration.window = 8
    let mixer = Attention(configuration, build.root / "mixer")
    let random = RandomGenerator(seed: 1)
    #expect(mixer.factoredMatrix(of: random.normal([1, 8, 24], .float64)).factors != nil)
    #expect(mixer.factoredMatrix(of: random.normal([1, 9, 24], .float64)).factors == nil)
  }
}
