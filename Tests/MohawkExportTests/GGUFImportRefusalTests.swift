import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor
import Synchronization
import Testing

@testable import MohawkExport
@testable import MohawkGGUF

/// GGUF files that no model here can be: what is refused, and in which words.
@Suite struct GGUFImportRefusalTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/model.gguf" }

  init() throws { folder = try TemporaryFolder() }

  private func refusal(
    _ configuration: DecoderConfiguration = TinyModels.llama(), _ change: (inout GGUFEdit) -> Void
  ) throws -> String {
    try GGUFExport.write(TinyModels.model(configuration), tokenizer: nil, to: path, name: "tiny")
    var edit = try GGUFEdit(path)
    change(&edit)
    try edit.write(to: path)
    let error = #expect(throws: MohawkError.self) { try Decoder.open(path) }
    #expect(error?.location?.hasPrefix(path) == true, "\(error?.location ?? "nowhere")")
    return error?.message ?? ""
  }

  private func refusal(setting key: String, _ value: GGUFValue?) throws -> String {
    try refusal { $0.set(key, value) }
  }

  @Test func architecturesThatAreNotKnown() throws {
    #expect(try refusal(setting: "general.architecture", .string("rwkv7")) == "the architecture 'rwkv7' is not known")
    #expect(try refusal(setting: "general.architecture", nil) == "the file does not name its architecture")
    #expect(try refusal(setting: "general.type", .string("adapter")) == "this file holds adapter, not a model")
  }

  @Test func expertsAndOtherMathematics() throws {
    #expect(
      try refusal(setting: "llama.expert_count", .uint32(8)) == "the model has experts, which are not supported")
    #expect(
      try refusal(setting: "llama.final_logit_softcapping", .float32(30))
        == "the key llama.final_logit_softcapping is 30, which this architecture cannot compute here")
    #expect(
      try refusal(setting: "llama.new_trick", .bool(true))
        == "the key llama.new_trick is not known and may change what is computed")
    #expect(
      try refusal(setting: "llama.rope.scaling.type", .string("longrope"))
        == "the rotary scaling 'longrope' is not supported")
    #expect(try refusal(setting: "llama.attention.causal", .bool(false)).contains("is false, which this architecture"))
  }

  /// Of windows that are shorter than the context, texts that fit into them can be read.
  @Test func aWindowBoundsTheTexts() throws {
    let model = TinyModels.model(TinyModels.llama())
    try GGUFExport.write(model, tokenizer: nil, to: path, name: "tiny")
    var edit = try GGUFEdit(path)
    edit.set("llama.attention.sliding_window", .uint32(16))
    try edit.write(to: path)
    let notices = Mutex<[String]>([])
    let opened = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try Decoder.open(path)
    }
    #expect(opened.maxLength == 16)
    #expect(notices.withLock { $0.contains { $0.contains("a sliding window of 16 tokens") } })
    edit.set("llama.attention.sliding_window", .uint32(1 << 20))
    try edit.write(to: path)
    #expect(try Decoder.open(path).maxLength == model.maxLength)
    #expect(try refusal(setting: "llama.attention.sliding_window", .string("x")).contains("no number of tokens"))
  }

  @Test func yarnWithSettingsOfItsOwn() throws {
    func yarn(_ key: String, _ value: GGUFValue) throws -> String {
      try refusal {
        $0.set("llama.rope.scaling.type", .string("yarn"))
        $0.set("llama.rope.scaling.factor", .float32(4))
        $0.set("llama.rope.scaling." + key, value)
      }
    }
    #expect(try yarn("yarn_ext_factor", .float32(0.5)).contains("settings that are not supported"))
    #expect(try yarn("yarn_log_multiplier", .float32(0.1)).contains("settings that are not supported"))
    #expect(try yarn("factor", .float32(0)).contains("a factor or settings"))
  }

  @Test func keysThatAreMissingOrLie() throws {
    #expect(try refusal(setting: "llama.block_count", nil) == "the key llama.block_count is missing")
    #expect(
      try refusal(setting: "llama.block_count", .string("3"))
        == "the key llama.block_count is not a whole number in 1...10000")
    #expect(
      try refusal(setting: "llama.embedding_length", .uint32(48))
        == "the file has no matrix token_embd.weight with rows of 48 numbers")
    #expect(try refusal(setting: "llama.attention.head_count", .uint32(0)).contains("is not above 0"))
    #expect(try refusal(setting: "llama.attention.head_count_kv", .uint32(3)).contains("do not fit width"))
    #expect(try refusal(setting: "llama.rope.dimension_count", .uint32(7)).contains("no even number"))
    #expect(try refusal(setting: "llama.rope.freq_base", .float32(0)).contains("is not above 0"))
    #expect(try refusal(setting: "llama.attention.layer_norm_rms_epsilon", .float32(.nan)).contains("is not a number"))
    #expect(try refusal(setting: "llama.block_count", .uint32(4)).contains("blk.3.attn_norm.weight is missing"))
    #expect(try refusal(setting: "llama.block_count", .uint32(9999)).contains("tensors for 9999 layers"))
  }

  @Test func tensorsThatDoNotFit() throws {
    let square = {
      GGUFTensor("blk.1.attn_output.weight", shape: [8, 8], type: .f32, floats: { .init(repeating: 0, count: 64) })
    }
    #expect(
      try refusal { $0.replace("blk.1.attn_output.weight", by: square()) }
        .contains("blk.1.attn_output.weight has shape [8, 8] where [32, 32] is needed"))
    #expect(
      try refusal { $0.replace("blk.0.ffn_down.weight", by: nil) }.contains("blk.0.ffn_down.weight is missing"))
    #expect(
      try refusal {
        $0.replace("x", by: GGUFTensor("blk.0.extra.weight", shape: [4], type: .f32, floats: { [1, 2, 3, 4] }))
      }.contains("blk.0.extra.weight is not used by this architecture"))
  }

  @Test func typesThatAreNotRead() throws {
    let type = try #require(GGUFType(name: "IQ4_NL"))
    let bytes = Data(repeating: 0, count: type.byteCount(32 * 32)!)
    #expect(
      try refusal {
        $0.replace(
          "blk.1.attn_output.weight",
          by: GGUFTensor("blk.1.attn_output.weight", shape: [32, 32], type: type, bytes: { bytes }))
      } == "the tensor blk.1.attn_output.weight is stored as IQ4_NL, which cannot be read")
    let whole = try #require(GGUFType(name: "I32"))
    let message = try refusal {
      $0.replace(
        "output_norm.weight",
        by: GGUFTensor("output_norm.weight", shape: [32], type: whole, bytes: { Data(repeating: 0, count: 128) }))
    }
    #expect(message.contains("output_norm.weight is stored as I32"))
  }
}
