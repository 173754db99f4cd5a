import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkLayers
import MohawkModels
import MohawkTensor
import MohawkWeights
import Testing

@testable import MohawkExport

/// GGUF files opened as models.
@Suite struct GGUFImportTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/model.gguf" }

  init() throws { folder = try TemporaryFolder() }

  @discardableResult
  private func written(_ configuration: DecoderConfiguration, _ type: GGUFType? = nil) throws -> Decoder {
    let model = TinyModels.model(configuration)
    try GGUFExport.write(model, tokenizer: nil, to: path, type: type, name: "tiny")
    return model
  }

  @Test(arguments: GGUFModels.all.map(\.name))
  func aFileOpensAsTheModelThatItWasWrittenFrom(_ name: String) throws {
    let model = try written(GGUFModels.named(name))
    let again = try Decoder.open(path)
    #expect(again.configuration.mixers == model.configuration.mixers)
    withoutGradients {
      #expect(again(TinyModels.ids).error(from: model(TinyModels.ids)) < DType.float32.tolerance)
    }
    // The file has zeros where llama.cpp asks for biases that the model does not have, and a head of its own.
    for parameter in again.parameters.all where model.parameters[parameter.name] == nil {
      let isZero = withoutGradients { parameter.value.abs().max().item() == 0 }
      #expect(isZero || parameter.name == "lm_head.weight", "\(parameter.name)")
    }
    for parameter in model.parameters.all {
      let value = try #require(again.parameters[parameter.name]?.value)
      if parameter.name.hasSuffix("A_log") {
        #expect(value.error(from: parameter.value) < 1e-6, "\(parameter.name)")
      } else {
        #expect(value.isIdentical(to: parameter.value), "\(parameter.name)")
      }
    }
  }

  @Test(arguments: GGUFModels.all.map(\.name))
  func writtenAgainTheFileSaysTheSame(_ name: String) throws {
    try written(GGUFModels.named(name))
    let second = folder.path + "/second.gguf"
    try GGUFExport.write(Conversion.open(path, as: nil), tokenizer: nil, to: second, name: "tiny")
    let (file, other) = (try GGUFFile(path), try GGUFFile(second))
    for key in Set(file.keys + other.keys) { #expect(try file.value(key) == other.value(key), "\(key)") }
    #expect(file.tensors.map(\.name).sorted() == other.tensors.map(\.name).sorted())
    for tensor in file.tensors where !tensor.name.hasSuffix("ssm_a") {
      let same = try #require(other.tensor(tensor.name))
      #expect(tensor.shape == same.shape && tensor.type == same.type, "\(tensor.name)")
      #expect(try file.floats(of: tensor) == other.floats(of: same), "\(tensor.name)")
    }
  }

  /// They are 1 + w, which has more digits than w.
  @Test(arguments: ["gemma 2", "gemma 3"]) func normsOfGemmaKeepTheirDigitsInHalfPrecision(_ name: String) throws {
    let model = try written(GGUFModels.named(name), .bf16)
    let half = try Decoder.open(path, dtype: .bfloat16)
    for parameter in half.parameters.all {
      #expect(parameter.value.dtype == (parameter.value.rank == 1 ? .float32 : .bfloat16), "\(parameter.name)")
      guard parameter.value.rank == 1 else { continue }
      #expect(parameter.value.isIdentical(to: model.parameters[parameter.name]!.value), "\(parameter.name)")
    }
  }

  @Test(arguments: [GGUFType.f16, .bf16, .q8, .q4, .q4K])
  func roundedNumbersAreTheFiles(_ type: GGUFType) throws {
    var configuration = TinyModels.hybrid()
    configuration.changeMLPs { $0.width = 48 }
    try written(configuration, type)
    let oracle = try GGUFReadBack(GGUFFile(path), like: configuration).model
    let model = try Decoder.open(path)
    // The oracle keeps the groups of zeros that the file has.
    let names = ["embedding.weight", "layers.1.attention.q_proj.weight", "layers.0.mlp.down.weight"]
    for name in names {
      #expect(model.parameters[name]!.value.isIdentical(to: oracle.parameters[name]!.value), "\(name)")
    }
    withoutGradients {
      #expect(model(TinyModels.ids).error(from: oracle(TinyModels.ids)) < DType.float32.tolerance)
    }
    let small = try Decoder.open(path, dtype: .bfloat16)
    #expect(small.parameters.all.allSatisfy { $0.value.dtype == .bfloat16 })
    for name in names {
      let expected = oracle.parameters[name]!.value.to(.bfloat16)
      #expect(small.parameters[name]!.value.isIdentical(to: expected), "\(name)")
    }
  }

  @Test func numbersThatLieAsTheyAreNeededAreTheMappedFile() throws {
    try written(TinyModels.llama())
    let weights = try GGUFWeights(path)
    let info = try #require(weights.info("blk.0.ffn_up.weight"))
    let start = weights.metadata.withBytes(of: info) { UInt(bitPattern: $0.baseAddress) }
    let model = try Decoder.open(try DecoderConfiguration(weights), weights)
    let value = try #require(model.parameters["layers.0.mlp.up.weight"]?.value)
    #expect(value.withBytes { UInt(bitPattern: $0.baseAddress) } == start)
  }

  @Test func rowsOfATensorAreThoseRows() throws {
    try written(TinyModels.llama(), .q8)
    let weights = try GGUFWeights(path)
    let whole = try weights.tensor("token_embd.weight")
    let some = try weights.tensor("token_embd.weight", rows: 3..<7, as: .float32)
    #expect(some.isIdentical(to: whole.narrowed(0, from: 3, length: 4)))
  }

  @Test func aModelInPartsIsTheModel() throws {
    let model = try written(TinyModels.hybrid())
    let parts = try GGUFEdit(path).write(parts: 3, in: folder.path)
    for part in parts {
      let again = try Decoder.open(part)
      withoutGradients { #expect(again(TinyModels.ids).error(from: model(TinyModels.ids)) < 1e-6) }
    }
    try FileManager.default.removeItem(atPath: parts[1])
    let missing = #expect(throws: MohawkError.self) { try Decoder.open(parts[0]) }
    #expect(missing?.message == "1 of 3 parts are missing: 'model-00002-of-00003.gguf'")
    try FileManager.default.copyItem(atPath: parts[2], toPath: parts[1])
    let wrong = #expect(throws: MohawkError.self) { try Decoder.open(parts[0]) }
    #expect(wrong?.message.contains("part 2 of 3 (counted from 0), and it is opened as part 1 of 3") == true)
  }

  @Test func aLaterPartUnderAnotherNameSaysWhatItIs() throws {
    try written(TinyModels.llama())
    let parts = try GGUFEdit(path).write(parts: 2, in: folder.path)
    let alone = folder.path + "/alone.gguf"
    try FileManager.default.moveItem(atPath: parts[1], toPath: alone)
    let error = #expect(throws: MohawkError.self) { try Decoder.open(alone) }
    #expect(error?.message.contains("part 1 of 2 (counted from 0)") == true)
  }

  @Test func tablesOfFactorsThatAreNotLlama3sStretchTheirWaves() throws {
    let model = try written(GGUFModels.llama3)
    #expect(
      try Decoder.open(path).configuration.sharedAttention!.rotaryScaling
        == model.configuration.sharedAttention!.rotaryScaling)
    var edit = try GGUFEdit(path)
    let factors = (0..<8).map { Float(1 + $0) }
    edit.replace("rope_freqs.weight", by: GGUFTensor("rope_freqs.weight", shape: [8], type: .f32, floats: { factors }))
    try edit.write(to: path)
    let stretched = try Decoder.open(path)
    #expect(stretched.configuration.sharedAttention!.rotaryScaling == .factors(factors.map(Double.init)))
    var configuration = model.configuration
    configuration.changeAttention { $0.rotaryScaling = .factors(factors.map(Double.init)) }
    let expected = try Decoder.open(configuration, GGUFWeights(path))
    withoutGradients { #expect(stretched(TinyModels.ids).isIdentical(to: expected(TinyModels.ids))) }
    // No config.json can say it; a GGUF file can.
    #expect(throws: MohawkError.self) { try stretched.write(to: folder.path + "/folder") }
    let second = folder.path + "/second.gguf"
    try GGUFExport.write(stretched, tokenizer: nil, to: second)
    #expect(try GGUFFile(second).floats(of: GGUFFile(second).tensor("rope_freqs.weight")!) == factors)
  }

  @Test func theContextLengthIsNoSizeInMemory() throws {
    try written(TinyModels.llama())
    var edit = try GGUFEdit(path)
    edit.set("llama.context_length", .uint32(1 << 24))
    try edit.write(to: path)
    #expect(try Decoder.open(path).maxLength == 1 << 24)
  }
}
