import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// What is written is what is read, and it stands under the names that others know.
@Suite struct PhiFolderTests {
  /// Attention and state-space layers in turn, with sizes that are nobody's default.
  private func hybrid(_ mixers: [DecoderConfiguration.Mixer]) -> DecoderConfiguration {
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, rotaryBase: 500, maxLength: 77, bias: true)
    let mamba = DiscreteMamba2Configuration(
      modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5, convWidth: 3, chunk: 32)
    return DecoderConfiguration.phi(
      vocabulary: 37, modelDim: 24, mlpDim: 96,
      mixers: mixers.map { $0 == .attention ? attention as any MixerGeometry : mamba })
  }

  private func expectEqual(_ a: Decoder, _ b: Decoder) {
    #expect(a.configuration == b.configuration)
    #expect(a.parameters.all.map(\.name) == b.parameters.all.map(\.name))
    for (mine, theirs) in zip(a.parameters.all, b.parameters.all) {
      #expect(mine.value.isIdentical(to: theirs.value), "\(mine.name)")
    }
  }

  @Test(arguments: GoldenModel.all)
  func writtenModelsReadBackIdentical(_ name: String) throws {
    let golden = try GoldenModel(name)
    let folder = try TemporaryFolder()
    try golden.model.write(to: folder.path)
    expectEqual(try Decoder.open(folder.path), golden.model)

    let original = try SafetensorsFile(GoldenModel.folder(name) + "/model.safetensors")
    let written = try SafetensorsFile(folder.path + "/model.safetensors")
    #expect(Set(written.names) == Set(original.names))
    for key in original.names {
      #expect(try written.tensor(key).isIdentical(to: original.tensor(key)), "\(key)")
    }
    try golden.model.write(to: folder.path)
    expectEqual(try Decoder.open(folder.path), golden.model)
  }

  @Test(arguments: ["phi", "phi-mamba", "hybrid-phi-mamba"])
  func freshModelsHaveTheListedParameters(_ name: String) throws {
    // The lists stand beside the goldens, one `name shape` per line, as the checkpoints of other projects hold them.
    let list = try String(contentsOfFile: GoldenModel.folder("parameters-\(name).txt"), encoding: .utf8)
    let configuration = try GoldenModel(name).model.configuration
    let folder = try TemporaryFolder()
    try Decoder.fresh(configuration, seed: 1).write(to: folder.path)
    let file = try SafetensorsFile(folder.path + "/model.safetensors")
    let lines = file.names.sorted().map { name in
      name + " " + file.entries[name]!.shape.map(String.init).joined(separator: "x")
    }
    #expect(lines == list.split(separator: "\n").map(String.init))
    #expect(file.entries.values.allSatisfy { $0.dtype == .float32 })
  }

  @Test(arguments: GoldenModel.transformers)
  func oldAndNewConfigurationsOfTheSameModelAreEqual(_ name: String) throws {
    let folder = GoldenModel.folder(name)
    let nested = try DecoderConfiguration(json: ModelJSON(folder + "/config.json"))
    #expect(try DecoderConfiguration(json: ModelJSON(folder + "/config-flat.json")) == nested)
    #expect(nested.sharedAttention!.kvHeads == (name == "phi" ? 4 : 2) && nested.sharedAttention!.rotaryDim == 4)
    #expect(nested.sharedAttention!.rotaryBase == (name == "phi" ? 10_000 : 1_000))
  }

  @Test(arguments: [1, 2, 9, 10, 11, 12, 13, 27])
  func runsOfLayersStandInTheirOrder(_ runs: Int) throws {
    // Runs of one, two, three, one, … layers, state-space first.
    let mixers = (0..<runs).flatMap { run in
      Array(
        repeating: run.isMultiple(of: 2) ? DecoderConfiguration.Mixer.discreteMamba2 : .attention, count: run % 3 + 1)
    }
    let configuration = hybrid(mixers)
    let folder = try TemporaryFolder()
    let model = Decoder.fresh(configuration, seed: 2)
    try model.write(to: folder.path)
    let opened = try Decoder.open(folder.path)
    #expect(opened.configuration.mixers == mixers)
    if runs > 1 { expectEqual(opened, model) }

    // A reader that takes the blocks in the file's order, or in that of their names, sees the same layers.
    let text = String(decoding: try folder.read("config.json"), as: UTF8.self)
    let names = text.matches(of: /"(Block[0-9]+)"/).map { String($0.output.1) }
    #expect(names.count == runs && names == names.sorted())
    let cores = text.matches(of: /"CoreType": "modules.mixers.([a-z_0-9]+)"/).map { String($0.output.1) }
    #expect(cores == (0..<runs).map { $0.isMultiple(of: 2) ? "discrete_mamba2" : "phi_attention" })
    let counts = text.matches(of: /"n_layers": ([0-9]+)/).map { Int($0.output.1)! }
    #expect(counts == (0..<runs).map { $0 % 3 + 1 })
  }

  @Test func blocksAreReadInTheOrderOfTheFileNotOfTheirNames() throws {
    let folder = try TemporaryFolder(copying: "hybrid-phi-mamba")
    var text = String(decoding: try folder.read("config.json"), as: UTF8.self)
    text = text.replacingOccurrences(of: "\"Block1\"", with: "\"Block9\"")
    text = text.replacingOccurrences(of: "\"Block3\"", with: "\"Block10\"")
    try folder.write("config.json", Data(text.utf8))
    expectEqual(try Decoder.open(folder.path), try GoldenModel("hybrid-phi-mamba").model)
  }

  @Test(arguments: [96, 7, 30, 160])
  func aModelWithoutAttentionHasAnyWidth(_ width: Int) throws {
    let mamba = DiscreteMamba2Configuration(modelDim: width, qkHeads: 1, vHeads: 1, stateDim: 2)
    var configuration = hybrid([.discreteMamba2])
    configuration.modelDim = width
    configuration.changeMLPs { $0.width = 4 * width }
    configuration.layers[0].mixer = mamba
    let folder = try TemporaryFolder()
    let model = Decoder.fresh(configuration, seed: 3)
    try model.write(to: folder.path)
    let opened = try Decoder.open(folder.path)
    #expect(
      opened.configuration.shared(DiscreteMamba2Configuration.self) == mamba && opened.configuration.modelDim == width)
    let ids = Tensor([1, 2, 3] as [Int64], shape: [1, 3])
    #expect(opened(ids).isIdentical(to: model(ids)))
  }

  @Test func theRotaryShareOfAHeadSurvivesItsFraction() throws {
    for headDim in 1...160 {
      for rotaryDim in stride(from: 0, through: headDim, by: 2) {
        var configuration = hybrid([.attention])
        configuration.layers[0].mixer = AttentionConfiguration(
          modelDim: 24, heads: 1, kvHeads: 1, headDim: headDim, rotaryDim: rotaryDim, maxLength: 9, bias: true)
        configuration.modelDim = headDim
        let json = ModelJSON(path: "config.json", object: configuration.json, text: "")
        let found = try DecoderConfiguration(json: json).sharedAttention!.rotaryDim
        if found != rotaryDim { Issue.record("\(rotaryDim) of \(headDim) became \(found)") }
      }
    }
  }

  @Test(arguments: [DType.bfloat16, .float16, .float64])
  func checkpointsOfOtherPrecisionsOpenInTheAskedOne(_ dtype: DType) throws {
    let folder = try TemporaryFolder(copying: "phi")
    try folder.reweigh { for key in $0.keys { $0[key] = $0[key]!.to(dtype) } }
    let model = try Decoder.open(folder.path)
    #expect(model.parameters.all.allSatisfy { $0.value.dtype == .float32 })
    let golden = try GoldenModel("phi").model
    for (mine, theirs) in zip(model.parameters.all, golden.parameters.all) {
      #expect(mine.value.isIdentical(to: theirs.value.to(dtype).to(.float32)), "\(mine.name)")
    }
  }

  @Test func openedWeightsAreTheModelsOwn() throws {
    let folder = try TemporaryFolder(copying: "phi")
    let model = try Decoder.open(folder.path)
    let before = try folder.read("model.safetensors")
    for parameter in model.parameters.all { parameter.value.fill(1) }
    #expect(try folder.read("model.safetensors") == before)
  }
}
