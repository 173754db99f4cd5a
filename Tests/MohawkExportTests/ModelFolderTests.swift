import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkExport

@Suite struct ModelFolderTests {
  @Test func aFolderHoldsAllThatOtherToolsLookFor() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    try source.write("tokenizer_config.json", #"{"chat_template": "x"}"#)
    try source.write("merges.txt", "a b\n")
    try source.write("notes.txt", "not a tokenizer's")
    try source.write(
      "generation_config.json", #"{"temperature": 0.6, "eos_token_id": [2, 3], "transformers_version": "4"}"#)
    var configuration = TinyModels.hybrid()
    configuration.tokens.beginning = 1
    configuration.tokens.ends = [2]
    let model = TinyModels.model(configuration)
    try ModelFolder.write(model, to: target.path, carryingFrom: source.path, card: "# A student\n")
    #expect(
      target.names == [
        "README.md", "config.json", "generation_config.json", "merges.txt", "model.safetensors",
        "tokenizer_config.json",
      ])
    let generation = try target.json("generation_config.json")
    #expect(generation["temperature"] as? Double == 0.6 && generation["eos_token_id"] as? [Int] == [2, 3])
    #expect(generation["bos_token_id"] as? Int == 1 && generation["transformers_version"] == nil)
    let config = try target.json("config.json")
    #expect(config["architectures"] as? [String] == ["GraniteMoeHybridForCausalLM"])
    let again = try Decoder.open(target.path)
    withoutGradients { #expect(again(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func manyWeightsAreWrittenInShardsWithAnIndex() throws {
    let target = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.hybrid())
    try ModelFolder.write(model, to: target.path, shardBytes: 20_000)
    #expect(target.names.contains("model.safetensors.index.json") && !target.names.contains("model.safetensors"))
    #expect(target.names.filter { $0.hasSuffix(".safetensors") }.count > 2)
    let again = try Decoder.open(target.path)
    withoutGradients { #expect(again(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func halfPrecisionIsWrittenRoundedAndSaysSo() throws {
    let target = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.llama())
    try ModelFolder.write(model, to: target.path, as: .bfloat16)
    #expect(try target.json("config.json")["torch_dtype"] as? String == "bfloat16")
    let again = try Decoder.open(target.path, dtype: nil)
    for parameter in model.parameters.all {
      let other = again.parameters[parameter.name]!.value
      #expect(other.dtype == .bfloat16 && other.isIdentical(to: parameter.value.to(.bfloat16)))
    }
  }

  @Test func whatIsReadBackMustBeWhatWasWritten() throws {
    let target = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.llama())
    try model.write(to: target.path)
    try ModelFolder.verify(target.path, is: model, written: nil)
    withoutGradients { model.parameters["layers.2.mlp.up.weight"]!.value.selected(0, 3).addInPlace(.scalar(1)) }
    let error = #expect(throws: MohawkError.self) { try ModelFolder.verify(target.path, is: model, written: nil) }
    #expect(error?.message.contains("layers.2.mlp.up.weight") == true)
  }

  /// transformers and llama.cpp need a layer with attention; it does nothing.
  @Test func aModelWithoutAttentionGetsALayerThatDoesNothing() throws {
    let target = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.hybrid(attention: []))
    try ModelFolder.write(model, to: target.path)
    let config = try target.json("config.json")
    #expect(config["num_hidden_layers"] as? Int == 4)
    #expect(config["layer_types"] as? [String] == ["mamba", "mamba", "mamba", "attention"])
    let again = try Decoder.open(target.path)
    #expect(again.configuration == model.configuration && again.blocks.count == 3 && again.maxLength == nil)
    // Read as other tools read it, with the idle layer, it computes the same.
    var object = config
    object["mohawk_identity_layers"] = nil
    try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: target.path + "/config.json"))
    let whole = try Decoder.open(target.path)
    #expect(whole.blocks.count == 4)
    withoutGradients { #expect(whole(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func numbersThatHalfPrecisionCannotHoldAreRefused() throws {
    let folder = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.llama())
    let norm = try #require(model.parameters["final_norm.weight"]?.value)
    for (number, isFine) in [(65_504.0, true), (65_519.0, true), (65_520.0, false), (-7e4, false), (3e38, false)] {
      withoutGradients {
        norm.addInPlace(.full(norm.shape, 0) - norm)
        norm.addInPlace(.full(norm.shape, number))
      }
      let path = folder.path + "/\(number)"
      if isFine {
        try ModelFolder.write(model, to: path, as: .float16)
        continue
      }
      let error = #expect(throws: MohawkError.self) { try ModelFolder.write(model, to: path, as: .float16) }
      #expect(error?.code == .outOfRange && error?.location == "final_norm.weight")
      #expect(!FileManager.default.fileExists(atPath: path))
      try ModelFolder.write(model, to: path, as: .bfloat16)
    }
  }
}
