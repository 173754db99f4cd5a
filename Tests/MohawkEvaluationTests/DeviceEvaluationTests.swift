import MohawkTensor
import PretendDeviceSupport
import Testing

@testable import MohawkEvaluation

/// Evaluation of models on a device for which there are no kernels of this package.
@Suite struct DeviceEvaluationTests {
  @Test func aModelOnADeviceIsJudgedAsOnTheProcessor() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      func judged(_ place: Device) throws -> [Double] {
        TestDevice.current = place
        let model = try TinyEvaluated.model([.discreteMamba2, .attention], maxLength: 100)
        let decoder = model.engine.model
        precondition(decoder.parameters.all.allSatisfy { $0.value.device == place })
        let windows = RandomGenerator(seed: 3).integers(0..<400, [2, 33]).to(on: place)
        let perplexity = Perplexity.measure(decoder, [windows])
        var options = TaskOptions()
        options.limit = 4
        let outcome = try EvaluationTask.all(["mqar=4"], options)[0].run(model).outcomes[0]
        let pair = TokenPair(context: [3, 1, 4, 1, 5], continuation: [9, 2, 6])
        let likelihood = ContinuationScorer(model: model).score([[pair]])[0][0].logProbability
        let text = GreedyContinuations.of(model, [[1, 2, 3], [7]], limit: 6)
        return [perplexity.value, likelihood] + outcome.measures.map(\.value) + text.joined().map(Double.init)
      }
      let (there, here) = (try judged(device), try judged(.cpu))
      precondition(there.count == here.count, "\(there) \(here)")
      for (one, other) in zip(there, here) { precondition(abs(one - other) <= 1e-4 * abs(other), "\(there) \(here)") }
    }
  }
}
