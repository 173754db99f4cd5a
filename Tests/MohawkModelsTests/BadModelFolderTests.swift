import Foundation
import MohawkFiles
import MohawkTensor
import Testing

@testable import MohawkModels

/// A broken or foreign folder is one clear error: never a crash, a hang or a model with the wrong weights.
@Suite struct BadModelFolderTests {
  private func error(_ folder: TemporaryFolder) -> MohawkError? {
    do {
      _ = try Decoder.open(folder.path)
      return nil
    } catch let error as MohawkError {
      return error
    } catch {
      Issue.record("not a MohawkError: \(error)")
      return nil
    }
  }

  private func expect(
    _ folder: TemporaryFolder, _ code: MohawkError.Code, at file: String, _ words: String...,
    source: SourceLocation = #_sourceLocation
  ) {
    let error = error(folder)
    #expect(error?.code == code, "\(String(describing: error))", sourceLocation: source)
    #expect(
      error?.location?.contains(folder.path + "/" + file) == true, "\(String(describing: error))",
      sourceLocation: source)
    for word in words {
      #expect(error?.message.contains(word) == true, "\(String(describing: error))", sourceLocation: source)
    }
  }

  @Test(arguments: ["config.json", "model.safetensors"])
  func aMissingFileIsNamed(_ file: String) throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.remove(file)
    #expect(error(folder)?.code == .missingFile && error(folder)?.location?.hasPrefix(folder.path) == true)
    #expect(error(folder)?.description.contains(file) == true)
  }

  @Test func aFolderThatIsNoModelIsToldWhatItLacks() throws {
    let folder = try TemporaryFolder(copying: "llama")
    try folder.remove("config.json")
    expect(folder, .missingFile, at: "config.json", "the folder has no config.json")
    func said(_ path: String) -> MohawkError? { #expect(throws: MohawkError.self) { _ = try Decoder.open(path) } }
    let file = said(folder.path + "/model.safetensors")
    #expect(file?.code == .invalidValue && file?.message.contains("this is a file") == true)
    let absent = said(folder.path + "/no")
    #expect(absent?.code == .missingFile && absent?.message.contains("no such file or folder") == true)
    let bare = try TemporaryFolder(copying: "llama")
    try bare.remove("model.safetensors")
    let error = said(bare.path)
    #expect(error?.code == .missingFile && error?.message.contains("no weights are here") == true)
    #expect(error?.location == bare.path && error?.remedy != nil)
  }

  @Test(arguments: [0, 4, 9, 1000, -1, -1000])
  func aTruncatedWeightFileIsRefused(_ length: Int) throws {
    let folder = try TemporaryFolder(copying: "phi-mamba")
    let data = try folder.read("model.safetensors")
    try folder.write("model.safetensors", data.prefix(length >= 0 ? length : data.count + length))
    expect(folder, .truncatedFile, at: "model.safetensors")
  }

  @Test(arguments: ["", "{", "[]", "null", "not json", "{\"model_type\": \"phi\"", "{} {}"])
  func aConfigurationThatIsNoObjectIsRefused(_ text: String) throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.write("config.json", Data(text.utf8))
    expect(folder, .invalidFormat, at: "config.json", "not a JSON object")
  }

  @Test func anotherArchitectureIsNamedWithTheKnownOnes() throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.configure { $0["model_type"] = "falcon" }
    expect(folder, .unsupported, at: "config.json", "'falcon'")
    #expect(error(folder)?.remedy?.contains("phi-mamba") == true)
    try folder.configure { $0["model_type"] = nil }
    expect(folder, .invalidFormat, at: "config.json", "'model_type'")
    try folder.configure { $0["model_type"] = 3 }
    expect(folder, .invalidValue, at: "config.json", "'model_type'")
    let mamba = try TemporaryFolder(copying: "phi-mamba")
    try mamba.configure { $0["MixerModel"] = "x" }
    expect(mamba, .invalidValue, at: "config.json", "'MixerModel'")
  }

  struct BadValue: Sendable, CustomTestStringConvertible {
    let key: String
    let json: String
    var code = MohawkError.Code.invalidValue
    var testDescription: String { "\(key): \(json)" }
    var value: Any { try! JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) }
  }

  @Test(arguments: [
    BadValue(key: "hidden_size", json: "0"), BadValue(key: "hidden_size", json: "-32"),
    BadValue(key: "hidden_size", json: "\"32\""), BadValue(key: "hidden_size", json: "32.5"),
    BadValue(key: "hidden_size", json: "1e30"), BadValue(key: "hidden_size", json: "1099511627776"),
    BadValue(key: "num_attention_heads", json: "5"), BadValue(key: "num_attention_heads", json: "0"),
    BadValue(key: "num_key_value_heads", json: "3"), BadValue(key: "num_hidden_layers", json: "0"),
    BadValue(key: "num_hidden_layers", json: "1073741824"), BadValue(key: "vocab_size", json: "[1]"),
    BadValue(key: "max_position_embeddings", json: "1099511627776"),
    BadValue(key: "max_position_embeddings", json: "0"),
    BadValue(key: "partial_rotary_factor", json: "7"), BadValue(key: "partial_rotary_factor", json: "-0.5"),
    BadValue(key: "partial_rotary_factor", json: "1e300"), BadValue(key: "partial_rotary_factor", json: "0.4"),
    BadValue(key: "rope_theta", json: "0"), BadValue(key: "rope_theta", json: "-10000"),
    BadValue(key: "layer_norm_eps", json: "-1"), BadValue(key: "layer_norm_eps", json: "\"small\""),
    BadValue(key: "hidden_act", json: "\"mish\"", code: .unsupported),
    BadValue(key: "qk_layernorm", json: "true", code: .unsupported),
    BadValue(key: "tie_word_embeddings", json: "true", code: .unsupported),
    BadValue(key: "rope_parameters", json: "{\"rope_type\": \"yarn\"}", code: .invalidFormat),
    BadValue(key: "rope_parameters", json: "{\"partial_rotary_factor\": 3}"),
    BadValue(key: "rope_scaling", json: "{\"type\": \"ntk\", \"factor\": 2}", code: .unsupported),
  ])
  func anImpossibleTransformerIsRefusedByItsKey(_ bad: BadValue) throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.configure {
      $0["rope_parameters"] = nil
      $0[bad.key] = bad.value
    }
    expect(folder, bad.code, at: "config.json")
  }

  @Test(arguments: [
    BadValue(key: "n_v_heads", json: "5"), BadValue(key: "n_qk_heads", json: "3"),
    BadValue(key: "n_v_heads", json: "0"),
    BadValue(key: "d_state", json: "0"), BadValue(key: "d_state", json: "2147483648"),
    BadValue(key: "d_conv", json: "1"),
    BadValue(key: "d_conv", json: "1000"), BadValue(key: "chunk_size", json: "0"),
    BadValue(key: "expand", json: "2", code: .unsupported), BadValue(key: "bias", json: "true", code: .unsupported),
    BadValue(key: "activation", json: "\"mish\"", code: .unsupported),
    BadValue(key: "conv_bias", json: "false", code: .unsupported),
  ])
  func anImpossibleMixerIsRefusedByItsKey(_ bad: BadValue) throws {
    let folder = try TemporaryFolder(copying: "phi-mamba")
    try folder.configure { object in
      for name in ["Block1", "Block2"] {
        var block = object[name] as! [String: Any]
        var core = block["core_input"] as! [String: Any]
        core[bad.key] = bad.value
        block["core_input"] = core
        object[name] = block
      }
    }
    expect(folder, bad.code, at: "config.json")
  }

  @Test func sizesThatNoMemoryHoldsAreAnErrorNotACrash() throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.configure { $0["vocab_size"] = 1 << 24 }
    expect(folder, .mismatch, at: "model.safetensors", "model.embed_tokens.weight has shape [101, 32]")
    try folder.configure {
      $0["vocab_size"] = 101
      $0["hidden_size"] = 1 << 16
      $0["intermediate_size"] = 1 << 24
      $0["num_attention_heads"] = 1
      $0["num_key_value_heads"] = 1
      $0["max_position_embeddings"] = 1 << 20
    }
    expect(folder, .mismatch, at: "model.safetensors", "where [101, 65536] is needed")
    let mamba = try TemporaryFolder(copying: "phi-mamba")
    try mamba.configure { object in
      object["LanguageModel"] = ["input": ["vocab_size": 1 << 31, "pad_vocab_size_multiple": 1 << 31]]
    }
    expect(mamba, .invalidValue, at: "config.json")
  }

  @Test(.timeLimit(.minutes(5))) func aHugeNumberOfLayersIsToldAtOnce() throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.configure { $0["num_hidden_layers"] = 3000 }
    expect(folder, .mismatch, at: "model.safetensors", "model.layers.3.input_layernorm.weight is missing", "more")
  }

  @Test func layersThatDoNotCountUpAreRefused() throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.configure { $0["num_hidden_layers"] = 4 }
    expect(folder, .mismatch, at: "model.safetensors", "model.layers.3.self_attn.q_proj.weight is missing")

    let mamba = try TemporaryFolder(copying: "phi-mamba")
    try mamba.configure { $0["Block2"] = nil }
    expect(mamba, .invalidFormat, at: "config.json", "2 layers", "3")
    try mamba.configure { $0["Block1"] = nil }
    expect(mamba, .invalidFormat, at: "config.json", "0 layers")
  }

  @Test func aMixerOfAnotherKindIsNamed() throws {
    let folder = try TemporaryFolder(copying: "hybrid-phi-mamba")
    try folder.configure { object in
      var block = object["Block2"] as! [String: Any]
      block["CoreType"] = "modules.mixers.toeplitz"
      object["Block2"] = block
    }
    expect(folder, .unsupported, at: "config.json: Block2", "toeplitz")
  }

  @Test func weightsThatAreNoNumbersAreNamed() throws {
    let folder = try TemporaryFolder(copying: "hybrid-phi-mamba")
    try Decoder.open(folder.path).requireFiniteWeights(at: folder.path)
    try folder.reweigh { $0["backbone.layers.2.mixer.conv1d.weight"]!.narrowed(0, from: 20, length: 1).fill(.infinity) }
    let model = try Decoder.open(folder.path)
    let error = #expect(throws: MohawkError.self) { try model.requireFiniteWeights(at: folder.path) }
    #expect(error?.code == .notFinite && error?.message.contains("layers.2.mixer.conv1d") == true)
  }

  @Test func weightsThatDoNotFitComeInOneError() throws {
    let folder = try TemporaryFolder(copying: "hybrid-phi-mamba")
    try folder.reweigh { tensors in
      tensors["lm_head.bias"] = nil
      tensors["backbone.layers.0.mixer.D"] = .ones([4])
      tensors["backbone.layers.0.mixer.in_proj.weight"] = .ones([74, 24])
      tensors["backbone.layers.1.mlp.fc1.bias"] = .ones([96], .int64)
      tensors["backbone.layers.2.mixer.dt_bias"] = .ones([3])
    }
    expect(
      folder, .mismatch, at: "model.safetensors", "lm_head.bias is missing",
      "backbone.layers.0.mixer.D has shape [4] where [3] is needed",
      "backbone.layers.0.mixer.in_proj.weight has shape [74, 24] where [75, 24] is needed",
      "backbone.layers.1.mlp.fc1.bias holds int64", "backbone.layers.2.mixer.dt_bias is not used")
    #expect(error(folder)?.message.components(separatedBy: "in_proj").count == 2, "a shared tensor is told of once")
  }

  @Test func weightsOfAnotherModelAreRefused() throws {
    let folder = try TemporaryFolder(copying: "phi")
    let other = try TemporaryFolder(copying: "phi-mamba")
    try folder.write("model.safetensors", other.read("model.safetensors"))
    expect(folder, .mismatch, at: "model.safetensors", "is missing", "more")
  }

  @Test func aFolderThatCannotBeWrittenIsAnError() throws {
    let golden = try GoldenModel("phi")
    let error = #expect(throws: MohawkError.self) { try golden.model.write(to: "/dev/null/at/all") }
    #expect(error?.location?.hasPrefix("/dev/null") == true)
  }
}
