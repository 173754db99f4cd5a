import Foundation
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

/// `mohawk convert` and `mohawk inspect` on a small Llama.
@Suite(.onTwoThreads) struct ConvertTests {
  private func llama() throws -> Workplace {
    let place = try Workplace()
    try place.makeLlama("llama")
    return place
  }

  @Test func aStudentIsDistilledInspectedAndConverted() throws {
    let place = try llama()
    let run = try Command.run(place.distil("run", "--teacher", "llama", "--attention", "1"), in: place.folder)
    #expect(run.status == 0, "\(run.errors)")
    for part in ["vocabulary rows", "highest id used", "copied from the teacher", "granite-hybrid", "Mamba-2"] {
      #expect(run.output.contains(part), "\(part)")
    }
    let seen = try place.mohawk("inspect", "run/model")
    #expect(seen.status == 0 && seen.output.contains("0, 2 (2 equal)") && seen.output.contains("A_log"))

    let converted = try place.mohawk("convert", "run/model", "bamba", "--to", "bamba", "--type", "bf16")
    #expect(converted.status == 0, "\(converted.errors)")
    #expect(try Decoder.open(place.path("bamba")).configuration.format == .bamba)
    #expect(Set(place.names("bamba")).isSuperset(of: ["README.md", "generation_config.json", "tokenizer.json"]))

    let file = try place.mohawk("convert", "run/model", "student.gguf", "--to", "gguf", "--type", "q8_0")
    #expect(file.status == 0, "\(file.errors)")
    let inside = try place.mohawk("inspect", "student.gguf")
    #expect(inside.status == 0 && inside.output.contains("granitehybrid") && inside.output.contains("Q8_0"))
  }

  @Test func whatCannotBeConvertedIsOneSentenceAndLeavesNothing() throws {
    let place = try llama()
    func refused(_ arguments: String..., parts: [String]) throws {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == 1 && !result.wasKilled && result.output.isEmpty, "\(arguments): \(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(part): \(result.errors)") }
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
    func visible() -> [String] { place.names("").filter { !$0.hasPrefix(".") } }
    let before = visible()
    try refused("convert", "llama", "out", "--to", "mamba2", parts: ["cannot hold", "mistral"])
    try refused("convert", "llama", "out", "--to", "onnx", parts: ["'onnx' is not known", "granite-hybrid"])
    try refused("convert", "llama", "out", "--type", "fp8", parts: ["'fp8' is not known"])
    try refused("convert", "llama", "llama", parts: ["the same folder"])
    try refused("convert", "nowhere", "out", parts: ["nowhere"])
    try refused("inspect", "text.txt", parts: ["text.txt"])
    #expect(visible() == before)
  }
}
