import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkMixers
import MohawkLayers
import MohawkModels
import MohawkTensor
import Synchronization
import Testing

@testable import MohawkExport

@Suite struct GGUFExportTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/model.gguf" }

  init() throws { folder = try TemporaryFolder() }

  private func written(_ configuration: DecoderConfiguration, _ type: GGUFType? = nil) throws -> (Decoder, GGUFFile) {
    let model = TinyModels.model(configuration)
    try GGUFExport.write(model, tokenizer: nil, to: path, type: type, name: "tiny")
    return (model, try GGUFFile(path))
  }

  @Test(arguments: GGUFModels.all.map(\.name))
  func aFileIsTheModelThatItWasWrittenFrom(_ name: String) throws {
    let configuration = GGUFModels.named(name)
    let (model, file) = try written(configuration)
    #expect(try file.string("general.architecture") == GGUFModels.all.first { $0.name == name }!.architecture)
    let read = try GGUFReadBack(file, like: configuration)
    let again = try read.model
    withoutGradients {
      #expect(again(TinyModels.ids).error(from: model(TinyModels.ids)) < DType.float32.tolerance)
    }
    // What is not padded is the same to the last bit, but for the logarithm of A.
    if read.configuration.mixers == configuration.mixers,
      read.configuration.shared(Mamba2Configuration.self)?.heads
        == configuration.shared(Mamba2Configuration.self)?.heads
    {
      for parameter in model.parameters.all where !parameter.name.hasSuffix("A_log") {
        #expect(again.parameters[parameter.name]!.value.isIdentical(to: parameter.value), "\(parameter.name)")
      }
    }
  }

  @Test func aHybridSaysWhatLlamaCppAsksFor() throws {
    let (_, file) = try written(TinyModels.hybrid())
    func integer(_ key: String) throws -> Int? { try file.integer("granitehybrid." + key) }
    #expect(try file.integers("granitehybrid.attention.head_count_kv") == [0, 2, 0])
    #expect(try integer("ssm.inner_size") == 64 && integer("ssm.group_count") == 8)
    #expect(try integer("ssm.time_step_rank") == 8 && integer("ssm.state_size") == 16)
    #expect(try integer("embedding_length") == 32 && integer("feed_forward_length") == 64)
    #expect(try integer("context_length") == 128 && integer("rope.dimension_count") == 8)
    #expect(try file.bool("granitehybrid.rope.scaling.finetuned") == true)
    #expect(try file.string("general.name") == "tiny" && file.integer("general.file_type") == 0)
    #expect(try file.string("tokenizer.ggml.model") == "no_vocab" && integer("vocab_size") == 64)
    #expect(file.tensor("blk.0.ssm_in.weight")?.shape == [2 * 64 + 2 * 8 * 16 + 8, 32])
    #expect(file.tensor("blk.0.ssm_a")?.shape == [8, 1] && file.tensor("blk.0.ssm_norm.weight")?.shape == [8, 8])
    #expect(file.tensor("blk.0.ssm_conv1d.weight")?.shape == [64 + 2 * 8 * 16, 4])
  }

  @Test func theContextOfLongRoPEIsItsOriginalLength() throws {
    let (model, file) = try written(GGUFModels.phi3)
    #expect(model.configuration.sharedAttention!.maxLength == 128)
    #expect(try file.integer("phi3.context_length") == 64)
    #expect(try file.integer("phi3.rope.scaling.original_context_length") == 64)
  }

  @Test func addedGroupsAreZerosBehindTheirOwnRows() throws {
    let (model, file) = try written(TinyModels.hybrid())
    let numbers = try file.floats(of: file.tensor("blk.0.ssm_in.weight")!)
    func rows(_ first: Int, _ count: Int) -> [Float] { Array(numbers[first * 32..<(first + count) * 32]) }
    func value(_ name: String) -> [Float] { model.parameters["layers.0.mixer." + name]!.value.floats() }
    let zeros = { (count: Int) in [Float](repeating: 0, count: count * 32) }
    let bc = value("in_proj.bc")
    // z, x, B, C and dt: 32, 32, 64, 64 and 4 rows, each followed by as many of zeros.
    #expect(rows(0, 32) == value("in_proj.z") && rows(32, 32) == zeros(32))
    #expect(rows(64, 32) == value("in_proj.x") && rows(96, 32) == zeros(32))
    #expect(rows(128, 64) == Array(bc[..<(64 * 32)]) && rows(192, 64) == zeros(64))
    #expect(rows(256, 64) == Array(bc[(64 * 32)...]) && rows(320, 64) == zeros(64))
    #expect(rows(384, 4) == value("in_proj.dt") && rows(388, 4) == zeros(4))
    let out = try file.floats(of: file.tensor("blk.0.ssm_out.weight")!)
    let narrow = value("out_proj.weight")
    for row in 0..<32 {
      #expect(Array(out[row * 64..<row * 64 + 32]) == Array(narrow[row * 32..<row * 32 + 32]))
      #expect(out[row * 64 + 32..<row * 64 + 64].allSatisfy { $0 == 0 })
    }
  }

  @Test func attentionFreeHybridsEndWithALayerThatDoesNothing() throws {
    let (_, file) = try written(TinyModels.hybrid(attention: []))
    #expect(try file.integers("granitehybrid.attention.head_count_kv") == [0, 0, 0, 1])
    #expect(try file.floats(of: file.tensor("blk.3.attn_output.weight")!).allSatisfy { $0 == 0 })
    #expect(try file.floats(of: file.tensor("blk.3.ffn_down.weight")!).allSatisfy { $0 == 0 })
    #expect(try file.floats(of: file.tensor("blk.3.attn_norm.weight")!).allSatisfy { $0 == 1 })
  }

  @Test func pairsThatTurnTogetherBecomeNeighbours() {
    // One head of 6 of which the first 4 are rotated: pairs (0, 2) and (1, 3).
    #expect(GGUFDraft.neighbouring(heads: 1, headDim: 6, rotaryDim: 4) == [0, 2, 1, 3, 4, 5])
    #expect(GGUFDraft.neighbouring(heads: 2, headDim: 4, rotaryDim: 4) == [0, 2, 1, 3, 4, 6, 5, 7])
  }

  @Test func stretchedWavesAreFactorsOfTheirFrequencies() throws {
    let (_, file) = try written(GGUFModels.llama3)
    let factors = try file.floats(of: file.tensor("rope_freqs.weight")!)
    #expect(factors.count == 8 && factors[0] == 1 && factors[7] == 8)
    // The third pair turns 64 · 10000^(−4/16) / 2π ≈ 1.0186 times in the original length: just above the low bound of 1.
    let share = (64 * pow(10000, -4.0 / 16) / (2 * Double.pi) - 1) / 3
    #expect(abs(Double(factors[2]) - 1 / ((1 - share) / 8 + share)) < 1e-5)
    let linear = try written(GGUFModels.bamba).1
    #expect(linear.tensor("rope_freqs.weight") == nil)
    #expect(try linear.string("granitehybrid.rope.scaling.type") == "linear")
    #expect(try linear.double("granitehybrid.rope.scaling.factor") == 4)
    #expect(try linear.integer("granitehybrid.rope.dimension_count") == 4)
  }

  @Test func onlyMatricesAreRounded() throws {
    var configuration = TinyModels.hybrid()
    configuration.changeMLPs { $0.width = 48 }
    for (type, code) in [(GGUFType.f16, 1), (.bf16, 32), (.q8, 7), (.q5, 8), (.q4, 2), (.q4K, 14)] {
      let (_, file) = try written(configuration, type)
      #expect(try file.integer("general.file_type") == code)
      #expect(try file.integer("general.quantization_version") == (type.blockSize > 1 ? 2 : nil))
      let quantised = type == .q4K ? .q5 : type
      #expect(file.tensor("token_embd.weight")?.type == quantised)
      #expect(file.tensor("blk.0.ssm_in.weight")?.type == quantised)
      // Rows of 48 are no whole number of blocks of 32.
      #expect(file.tensor("blk.0.ffn_down.weight")?.type == (type.blockSize > 1 ? .f16 : type))
      for name in ["ssm_conv1d.weight", "ssm_a", "ssm_d", "ssm_dt.bias", "ssm_norm.weight", "attn_norm.weight"] {
        #expect(file.tensor("blk.0." + name)?.type == .f32, "\(name)")
      }
    }
    #expect(throws: MohawkError.self) { try written(configuration, GGUFType(name: "Q6_K")) }
  }

  @Test func matricesOfOtherTypesAreCounted() throws {
    var configuration = TinyModels.llama(layers: 2)
    configuration.changeMLPs { $0.width = 48 }
    let model = TinyModels.model(configuration)
    func stored(_ type: GGUFType) throws -> GGUFExport.StoredTypes {
      try GGUFExport.write(model, tokenizer: nil, to: path, type: type)
    }
    func told(_ type: GGUFType) throws -> [String] {
      try stored(type).substitutes.map { "\($0.count) × \($0.rowLength): \($0.taken) for \($0.wanted)" }
    }
    // Embedding, head, and of each layer four of attention and two of the MLP have rows of 32; its third has rows of 48.
    #expect(try told(.q4K) == ["14 × 32: Q5_0 for Q4_K", "2 × 48: F16 for Q4_K"])
    #expect(try stored(.q4K).matrices == 16)
    #expect(try told(.q8) == ["2 × 48: F16 for Q8_0"] && told(.q5) == ["2 × 48: F16 for Q5_0"])
    #expect(try told(.f16).isEmpty && told(.bf16).isEmpty)
    let file = try GGUFFile(path)
    #expect(file.tensors.count { $0.type == .bf16 } == 16)
  }

  @Test func withoutATypeTheFileHasThatOfTheWeights() throws {
    let model = Decoder.fresh(TinyModels.llama(), seed: 3, dtype: .bfloat16)
    try GGUFExport.write(model, tokenizer: nil, to: path)
    let file = try GGUFFile(path)
    let embedding = try #require(file.tensor("token_embd.weight"))
    #expect(embedding.type == .bf16)
    #expect(try file.floats(of: embedding) == model.parameters["embedding.weight"]!.value.floats())
  }

  @Test func aWindowAsLongAsTheTextIsNone() throws {
    var configuration = TinyModels.llama()
    configuration.format = .mistral
    configuration.changeAttention(where: { $0 < 2 }) { $0.window = 128 }
    #expect(try written(configuration).1.string("general.architecture") == "llama")
  }

  /// As a plain model of texts that fit into the window, which is told.
  @Test(arguments: [[0, 1, 2], [1]]) func aWindowBoundsTheContext(_ windowed: [Int]) throws {
    var configuration = TinyModels.llama()
    configuration.format = .mistral
    configuration.changeAttention(where: windowed.contains) { $0.window = 7 }
    let notices = Mutex<[String]>([])
    let (model, file) = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try written(configuration)
    }
    #expect(notices.withLock { $0.count == 1 && $0[0].contains("a sliding window of 7 tokens") })
    #expect(try file.integer("llama.context_length") == 7)
    #expect(try file.value("llama.attention.sliding_window") == nil)
    let again = try Decoder.open(path)
    #expect(again.maxLength == 7)
    let ids = RandomGenerator(seed: 2).integers(0..<configuration.vocabulary, [2, 7])
    #expect(again(ids).error(from: model(ids)) < 1e-5)
  }
}
