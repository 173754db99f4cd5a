import MohawkModels
import MohawkTensor
import PretendDeviceSupport
import Testing

@testable import MohawkDecoding

/// Decoding on a device for which there are no kernels of this package.
@Suite struct DeviceEngineTests {
  @Test func everyModelDecodesOnADeviceAsOnTheProcessor() async {
    await #expect(processExitsWith: .success) {
      Runtime.threads = 1
      let device = PretendDevice.load()
      let ids: [Int32] = (0..<20).map { Int32($0 * $0 * 7 % 50) }
      for kind in EngineModels.allCases {
        func logits(_ place: Device) -> Tensor {
          TestDevice.current = place
          let engine = kind.engine()
          #expect(engine.model.parameters.all.allSatisfy { $0.value.device == place })
          let state = engine.emptyState()
          let read = engine.read(Array(ids[..<12]), state, logits: 12).copy()
          let steps = ids[12...].map { engine.step([$0], [state]).copy() }
          let verified = engine.verify([1, 2, 3], state).copy()
          engine.commit(2, state)
          return .concatenated([read] + steps + [verified, engine.step([4], [state]).copy()], 0)
        }
        let (there, here) = (logits(device), logits(.cpu))
        #expect(there.device == .cpu && there.error(from: here) < 1e-4, "\(kind)")
      }
    }
  }
}
