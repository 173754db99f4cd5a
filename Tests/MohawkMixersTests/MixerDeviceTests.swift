import MohawkTensor
import PretendDeviceSupport
import Testing

/// Mixers on a device for which there are no kernels of this package.
@Suite struct MixerDeviceTests {
  @Test func everyMixerKeepsTheLawsOnADeviceWithoutKernels() async {
    await #expect(processExitsWith: .success) {
      Runtime.threads = 1
      TestDevice.current = PretendDevice.load()
      for kind in MixerCase.allCases {
        let (mixer, parameters) = kind.build()
        let subject = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: kind.modelDim)
        for length in [1, 2, 65] {
          subject.mixIsMatrixTimesValues(length)
          subject.formsHaveEqualGradients(length)
        }
        let causal = CausalLawSubject(mixer: mixer, modelDim: kind.modelDim)
        for pieces in [[1, 63, 1], [2, 7]] { causal.piecesAreTheWhole(pieces) }
        let (single, singleParameters) = kind.build(.float32)
        let singleSubject = MixerLawSubject(mixer: single, parameters: singleParameters, modelDim: kind.modelDim)
        for dtype in [DType.float32, .bfloat16] { singleSubject.mixIsMatrixTimesValues(65, dtype) }
      }
    }
  }

  @Test func everyMixerComputesOnADeviceWhatItComputesOnTheProcessor() async {
    await #expect(processExitsWith: .success) {
      Runtime.threads = 1
      let device = PretendDevice.load()
      for kind in MixerCase.allCases {
        func run(_ place: Device) -> Tensor {
          TestDevice.current = place
          let (mixer, parameters) = kind.build(.float32)
          let subject = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: kind.modelDim)
          return withoutGradients { mixer(subject.input(33, .float32)).to(on: .cpu) }
        }
        let error = run(device).error(from: run(.cpu))
        #expect(error < 1e-4, "\(kind)")
      }
    }
  }
}
