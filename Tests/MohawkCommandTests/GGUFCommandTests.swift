import Foundation
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

/// Commands whose model is a GGUF file.
@Suite(.onTwoThreads) struct GGUFCommandTests {
  private func place(_ type: String) throws -> Workplace {
    let place = try Workplace()
    try place.makeLlama("llama")
    let file = try place.mohawk("convert", "llama", "model.gguf", "--to", "gguf", "--type", type)
    #expect(file.status == 0, "\(file.errors)")
    return place
  }

  private func generated(_ place: Workplace, _ model: String, _ more: String...) throws -> String {
    let result = try Command.run(
      ["generate", model, "--temperature", "0", "--threads", "1", "-p", "One day", "--tokens", "20"] + more,
      in: place.folder)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  @Test func aFileGeneratesWhatItsFolderDoes() throws {
    let place = try place("f32")
    #expect(try generated(place, "model.gguf") == generated(place, "llama"))
    // A folder made of the file is the folder again.
    let back = try place.mohawk("convert", "model.gguf", "back", "--to", "hf")
    #expect(back.status == 0, "\(back.errors)")
    #expect(try generated(place, "back") == generated(place, "llama"))
    #expect(Set(place.names("back")).isSuperset(of: ["config.json", "model.safetensors", "tokenizer.json"]))
    let again = try place.mohawk("convert", "model.gguf", "again.gguf", "--to", "gguf", "--type", "f32")
    #expect(again.status == 0 && again.output.contains("its tokenizer"), "\(again.errors)")
    #expect(try generated(place, "again.gguf") == generated(place, "llama"))
  }

  @Test func quantisedMatricesAreDecodedAsInt8() throws {
    let place = try place("q8_0")
    #expect(try generated(place, "model.gguf") == generated(place, "model.gguf", "--weights", "int8"))
    let inside = try place.mohawk("inspect", "model.gguf")
    #expect(inside.status == 0 && inside.output.contains("decoded with int8 matrices"), "\(inside.errors)")
    #expect(inside.output.contains("head") && inside.output.contains("tokenizer"), "\(inside.output)")
    let quantized = try place.mohawk("quantize", "model.gguf", "int8")
    #expect(quantized.status == 0, "\(quantized.errors)")
    #expect(try generated(place, "int8") == generated(place, "model.gguf"))
  }

  @Test func aFileIsATeacherAndAModelToJudge() throws {
    let place = try place("q8_0")
    let run = try Command.run(place.distil("run", "--teacher", "model.gguf", "--attention", "1"), in: place.folder)
    #expect(run.status == 0, "\(run.errors)")
    #expect(Set(place.names("run/model")).isSuperset(of: ["config.json", "tokenizer.json", "generation_config.json"]))
    let continued = try Command.run(
      place.distil("run", "--teacher", "model.gguf", "--attention", "1"), in: place.folder)
    #expect(continued.status == 0, "\(continued.errors)")
    let judged = try place.mohawk(
      "evaluate", "run/model", "--teacher", "model.gguf", "--data", "text.txt", "--tokens", "256", "--length", "32")
    #expect(judged.status == 0 && judged.output.contains("KL"), "\(judged.errors)")
    let written = try place.mohawk("synthesize", "model.gguf", "--tokens", "200", "--length", "32", "-o", "text")
    #expect(written.status == 0, "\(written.errors)")
    let signals = try place.mohawk(
      "signals", "-r", "recipe.yaml", "--teacher", "model.gguf", "--output", "signals")
    #expect(signals.status == 0, "\(signals.errors)")
  }

  @Test func whatIsWrongWithAFileIsOneSentence() throws {
    let place = try place("f32")
    try place.folder.write("broken.gguf", Array(place.bytes("model.gguf").prefix(3_000)))
    for arguments in [
      ["generate", "broken.gguf", "-p", "a"], ["convert", "broken.gguf", "out", "--to", "hf"],
      ["quantize", "broken.gguf", "out"], place.distil("run", "--teacher", "broken.gguf"), ["chat", "broken.gguf"],
    ] {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("broken.gguf"), "\(arguments): \(result.errors)")
    }
    #expect(!place.names("").contains("out"))
  }
}
