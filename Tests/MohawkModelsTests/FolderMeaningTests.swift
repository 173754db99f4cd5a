import Foundation
import MohawkFiles
import MohawkTensor
import Synchronization
import Testing

@testable import MohawkModels

/// A folder means what it means to `AutoModelForCausalLM` of transformers 5: the rule of `Documentation/checkpoints.md`.
@Suite struct FolderMeaningTests {
  struct Kind: Sendable, CustomTestStringConvertible {
    let golden: String
    let prefix: String
    let embedding: String
    var head = "lm_head.weight"
    var testDescription: String { golden }
  }

  static let kinds = [
    Kind(golden: "llama", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "mistral", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "qwen2", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "qwen3", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "gpt_neox", prefix: "gpt_neox.", embedding: "gpt_neox.embed_in.weight", head: "embed_out.weight"),
    Kind(golden: "gpt2", prefix: "transformer.", embedding: "transformer.wte.weight"),
    Kind(golden: "granitemoehybrid", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "bamba", prefix: "model.", embedding: "model.embed_tokens.weight"),
    Kind(golden: "mamba2", prefix: "backbone.", embedding: "backbone.embeddings.weight"),
    Kind(golden: "mamba", prefix: "backbone.", embedding: "backbone.embeddings.weight"),
  ]
  static let phi = Kind(golden: "phi", prefix: "model.", embedding: "model.embed_tokens.weight")

  /// What is opened, and what is told.
  private func open(_ folder: TemporaryFolder, allowing: Bool = false) throws -> (model: Decoder, notices: [String]) {
    let notices = Mutex<[String]>([])
    let model = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try UnusedTensors.$areAllowed.withValue(allowing) { try Decoder.open(folder.path) }
    }
    return (model, notices.withLock { $0 })
  }

  private func refusal(_ folder: TemporaryFolder, allowing: Bool = false) -> MohawkError? {
    #expect(throws: MohawkError.self) { _ = try open(folder, allowing: allowing) }
  }

  @Test(arguments: kinds + [phi]) func namesWithoutTheBaseModelsPrefixAreFound(_ kind: Kind) throws {
    let plain = try GoldenModel(kind.golden)
    let folder = try TemporaryFolder(copying: kind.golden)
    try folder.reweigh { tensors in
      for (name, tensor) in tensors where name.hasPrefix(kind.prefix) {
        tensors[name] = nil
        tensors[String(name.dropFirst(kind.prefix.count))] = tensor
      }
    }
    let bare = try open(folder)
    #expect(try bare.model(plain.ids).isIdentical(to: plain.model(plain.ids)) && bare.notices.isEmpty)
  }

  @Test func aPrefixTooManyIsLeftOut() throws {
    let plain = try GoldenModel("llama")
    let folder = try TemporaryFolder(copying: "llama")
    try folder.reweigh { tensors in
      for (name, tensor) in tensors {
        tensors[name] = nil
        tensors["model." + name] = tensor
      }
    }
    #expect(try open(folder).model(plain.ids).isIdentical(to: plain.model(plain.ids)))
  }

  @Test func aTensorUnderTwoNamesIsRefused() throws {
    let folder = try TemporaryFolder(copying: "llama")
    try folder.reweigh { $0["norm.weight"] = $0["model.norm.weight"]!.copy() }
    let error = refusal(folder, allowing: true)
    #expect(error?.message.contains("model.norm.weight is there a second time as norm.weight") == true)
  }

  @Test(arguments: kinds) func aHeadThatDiffersIsUsedAndKept(_ kind: Kind) throws {
    let folder = try TemporaryFolder(copying: kind.golden)
    try folder.reweigh { $0[kind.head] = ($0[kind.embedding]! * 0.5 + 0.01).copy() }
    try folder.configure { $0["tie_word_embeddings"] = false }
    let ids = try GoldenModel(kind.golden).ids
    let untied = try open(folder)
    #expect(untied.notices.isEmpty)
    try folder.configure { $0["tie_word_embeddings"] = true }
    let said = try open(folder)
    #expect(said.model(ids).isIdentical(to: untied.model(ids)))
    #expect(said.notices.count == 1 && said.notices[0].contains("ties \(kind.head) to \(kind.embedding)"))
    let copy = try TemporaryFolder()
    try said.model.write(to: copy.path)
    #expect(try open(copy).model(ids).isIdentical(to: untied.model(ids)))
  }

  @Test(arguments: kinds) func aTiedHeadMayStandUnderEitherNameOrBoth(_ kind: Kind) throws {
    let folder = try TemporaryFolder(copying: kind.golden)
    try folder.configure { $0["tie_word_embeddings"] = true }
    try folder.reweigh { $0[kind.head] = nil }
    let ids = try GoldenModel(kind.golden).ids
    let plain = try open(folder).model
    #expect(plain.configuration.tiesHead)
    try folder.reweigh { $0[kind.head] = $0[kind.embedding]!.copy() }
    let both = try open(folder)
    #expect(both.model.configuration.tiesHead && both.notices.isEmpty)
    // As `safetensors.torch.save_model` keeps one of two names for shared memory.
    try folder.reweigh { $0[kind.embedding] = nil }
    let one = try open(folder)
    #expect(one.model(ids).isIdentical(to: plain(ids)) && one.notices.isEmpty)
    try folder.reweigh { $0[kind.head] = nil }
    #expect(refusal(folder)?.message.contains("\(kind.embedding) is missing") == true)
  }

  @Test func aHeadThatIsNeitherTiedNorThereIsRefused() throws {
    let folder = try TemporaryFolder(copying: "llama")
    try folder.reweigh { $0["lm_head.weight"] = nil }
    #expect(refusal(folder)?.message.contains("lm_head.weight is missing") == true)
  }

  @Test func theAuthorsMambaWithTwoHeadsIsRefused() throws {
    let folder = try TemporaryFolder()
    let source = try Decoder.open(GoldenModel.folder("state-spaces-mamba"))
    try source.write(to: folder.path)
    try folder.reweigh { $0["lm_head.weight"] = ($0["backbone.embedding.weight"]! * 2).copy() }
    #expect(refusal(folder)?.message.contains("hold different numbers") == true)
  }

  /// The names that transformers 5 renames when it reads a checkpoint of a family that is known here.
  @Test(arguments: [("gpt_neox", "embed_out.weight", "lm_head.weight")])
  func namesThatTransformersChangesAreFound(_ golden: String, _ name: String, _ other: String) throws {
    let plain = try GoldenModel(golden)
    let folder = try TemporaryFolder(copying: golden)
    try folder.reweigh { tensors in
      tensors[other] = tensors[name]
      tensors[name] = nil
    }
    let renamed = try open(folder)
    #expect(try renamed.model(plain.ids).isIdentical(to: plain.model(plain.ids)) && renamed.notices.isEmpty)
    try folder.reweigh { $0[name] = $0[other]!.copy() }
    #expect(refusal(folder)?.message.contains("is there a second time as \(other)") == true)
    // A tied head of other numbers counts under either name.
    try folder.configure { $0["tie_word_embeddings"] = true }
    try folder.reweigh { $0[name] = nil }
    #expect(try open(folder).model(plain.ids).isIdentical(to: plain.model(plain.ids)))
  }

  @Test func transformersWeightsNamesTheFile() throws {
    let plain = try GoldenModel("llama")
    let folder = try TemporaryFolder(copying: "llama")
    let weights = try folder.read("model.safetensors")
    try FileManager.default.createDirectory(atPath: folder.path + "/sub", withIntermediateDirectories: true)
    for name in ["other.safetensors", "sub/model.safetensors"] {
      try folder.write(name, weights)
      try folder.reweigh { $0["model.norm.weight"] = $0["model.norm.weight"]! * 0 }
      try folder.configure { $0["transformers_weights"] = name }
      #expect(try open(folder).model(plain.ids).isIdentical(to: plain.model(plain.ids)))
    }
    try folder.configure { $0["transformers_weights"] = nil }
    #expect(try !open(folder).model(plain.ids).isIdentical(to: plain.model(plain.ids)))
    for (name, message) in [
      ("gone.safetensors", "names this file"), ("../llama/model.safetensors", "inside of the folder"),
      ("/etc/passwd", "inside of the folder"), ("", "inside of the folder"),
    ] {
      try folder.configure { $0["transformers_weights"] = name }
      #expect(refusal(folder)?.message.contains(message) == true)
    }
  }

  @Test func aFolderWithAnAdapterIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "adapter_config.json",
      Data(#"{"peft_type": "LORA", "base_model_name_or_path": "HuggingFaceTB/SmolLM2-135M", "r": 8}"#.utf8))
    try folder.write("adapter_model.safetensors", TemporaryFolder(copying: "llama").read("model.safetensors"))
    let error = refusal(folder)
    #expect(error?.message.contains("LORA adapter of PEFT for HuggingFaceTB/SmolLM2-135M") == true)
    #expect(error?.remedy?.contains("merge_and_unload") == true && error?.location == folder.path)
    // transformers would open the other model and put the adapter upon it.
    let whole = try TemporaryFolder(copying: "llama")
    try whole.write("adapter_config.json", Data("{}".utf8))
    #expect(refusal(whole)?.remedy?.contains("remove adapter_config.json") == true)
  }

  /// Tables that follow from the configuration: nothing is said of them.
  @Test(arguments: [
    "model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.0.self_attn.rotary_emb.cos_cached",
    "model.layers.1.self_attn.rotary_emb.sin_cached", "model.rotary_emb.inv_freq", "model.position_ids",
  ]) func tablesArePassedOver(_ name: String) throws {
    let folder = try TemporaryFolder(copying: "llama")
    try folder.reweigh { $0[name] = .zeros([4]) }
    #expect(try open(folder).notices.isEmpty)
  }

  /// Other heads, and layers that the configuration does not count: they cannot change the model, and are told.
  @Test(arguments: [
    "v_head.summary.weight", "value_head.weight", "score.weight", "classifier.bias", "mtp.layers.0.mlp.up_proj.weight",
    "model.mtp.fc.weight", "model.layers.3.self_attn.q_proj.weight", "model.layers.61.eh_proj.weight",
    "layers.7.mlp.up_proj.weight",
  ]) func whatNobodyNeedsIsPassedOverAndTold(_ name: String) throws {
    let plain = try GoldenModel("llama")
    let folder = try TemporaryFolder(copying: "llama")
    #expect(plain.model.blocks.count == 3)
    try folder.reweigh { $0[name] = .zeros([4]) }
    let opened = try open(folder)
    #expect(try opened.model(plain.ids).isIdentical(to: plain.model(plain.ids)))
    #expect(opened.notices.count == 1 && opened.notices[0].contains(name))
  }

  /// What may belong to another model than the configuration describes.
  @Test(arguments: [
    "lm_head.bias", "model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.q_norm.weight",
    "model.layers.0.mlp.gate.weight", "model.layers.0.self_attn.q_proj.lora_A.weight", "talk_head.0.weight",
    "model.embed_positions.weight",
  ]) func whatMayChangeTheModelIsRefusedUnlessAllowed(_ name: String) throws {
    let plain = try GoldenModel("llama")
    let folder = try TemporaryFolder(copying: "llama")
    try folder.reweigh { $0[name] = .zeros([4]) }
    let error = refusal(folder)
    #expect(error?.message.contains("\(name) is not used") == true)
    #expect(error?.remedy?.contains("--allow-unused") == true)
    let allowed = try open(folder, allowing: true)
    #expect(try allowed.model(plain.ids).isIdentical(to: plain.model(plain.ids)))
    #expect(allowed.notices.count == 1 && allowed.notices[0].contains(name))
  }
}
