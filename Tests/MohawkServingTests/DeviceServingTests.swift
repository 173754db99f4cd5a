import MohawkDecoding
import MohawkTensor
import PretendDeviceSupport
import Testing

@testable import MohawkServing

/// Generation and the server's batches on a device for which there are no kernels of this package.
@Suite struct DeviceServingTests {
  @Test func aModelOnADeviceSaysWhatItSaysOnTheProcessor() async {
    await #expect(processExitsWith: .success) {
      let (device, tokenizer) = (PretendDevice.load(), TextGeneratorTests.tokenizer)
      func said(_ place: Device) throws -> [String] {
        TestDevice.current = place
        let engine = DecodingEngine(ModelKind.hybrid.endless())
        precondition(engine.model.parameters.all.allSatisfy { $0.value.device == place })
        var options = SamplingOptions()
        options.temperature = 0
        let texts = BatchSchedulerTests.texts.prefix(3)
        let alone = try TextGenerator(engine, tokenizer).generate(texts[0], limit: 8, options: options).text
        let scheduler = try BatchScheduler(engine, tokenizer, capacity: 2, slice: 3)
        let logs = texts.map { text in
          let log = BatchSchedulerTests.Log()
          let request = BatchRequest(prompts: [tokenizer.encode(text)], limit: 8, sampling: options)
          scheduler.submit(request, tell: log.note)
          return log
        }
        for _ in 0..<200 where !scheduler.isIdle { scheduler.turn() }
        precondition(logs.allSatisfy { $0.tokens == 8 } && logs[0].text() == alone)
        return logs.map { $0.text() }
      }
      let (there, here) = (try said(device), try said(.cpu))
      precondition(there == here, "\(there) \(here)")
    }
  }
}
