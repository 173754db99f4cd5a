import Foundation
import Testing

@Suite struct QuantizeTests {
  @Test func aRoundedFolderDecodesAndTellsWhatItCost() throws {
    let place = try Workplace()
    for weights in ["int8", "int4"] {
      let result = try place.mohawk(
        "quantize", "teacher", weights, "--weights", weights, "--data", "text.txt", "--tokens", "512", "--length", "32",
        "--threads", "1")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("before") && result.output.contains(weights) && result.output.contains("KL"))
      let text = try place.mohawk("generate", weights, "-p", "One day", "--tokens", "4", "--threads", "1")
      #expect(text.status == 0 && text.output.hasPrefix("One day"), "\(text.errors)")
    }
    #expect(try place.bytes("int4/model.safetensors").count < place.bytes("int8/model.safetensors").count)
    let again = try place.mohawk("quantize", "int8", "twice")
    #expect(again.status == 1 && again.complaints.count == 1 && !place.names("").contains("twice"))
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    let place = try Workplace()
    for (arguments, part) in [
      (["--weights", "bf16"], "--weights is 'bf16'"), (["--length", "0"], "--length is 0"),
      (["--data", "nowhere", "--length", "32"], "nowhere"),
      (["--data", "text.txt", "--length", "65"], "64 tokens at most"),
    ] {
      let result = try Command.run(["quantize", "teacher", "out"] + arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
      #expect(!place.names("").contains("out"))
    }
    let same = try place.mohawk("quantize", "teacher", "teacher")
    #expect(same.status == 1 && same.errors.contains("the same folder"))
  }
}
