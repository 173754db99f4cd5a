import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// Every family against Hugging Face's transformers (`Scripts/goldens/families_goldens.py`).
@Suite struct FamilyGoldenTests {
  static let families = [
    "llama", "llama3", "llama-linear", "llama-yarn", "qwen2-yarn", "llama-longrope", "llama-dynamic", "mistral",
    "qwen2", "qwen2-sliding", "qwen3", "smollm3", "smollm3-sliding", "phi3", "phi3-longrope", "olmo2", "olmo3",
    "gemma2",
    "gemma3_text", "gpt_neox", "gpt_neox-sequential", "gpt2", "granitemoehybrid", "granitemoehybrid-scaled", "bamba",
    "mamba2", "mamba2-groups", "mamba",
  ]
  /// Two implementations in fp32, with the rounding of three layers between them.
  static let tolerance = 2e-5

  @Test(arguments: families)
  func everyLayerAndTheLogitsAreTheReferences(_ name: String) throws {
    let golden = try GoldenModel(name)
    try withoutGradients {
      var hidden = golden.model.embed(try golden.ids)
      for (index, block) in golden.model.blocks.enumerated() {
        #expect(try hidden.error(from: golden.output("hidden.\(index)")) <= Self.tolerance, "enters layer \(index)")
        let input = block.mixerInput(hidden)
        if let matrix = try golden.anyMatrix(index) {
          #expect(block.mixer.matrix(of: input).error(from: matrix) <= Self.tolerance, "matrix of layer \(index)")
        }
        let mixed = block.mixer(input)
        #expect(try mixed.error(from: golden.anyMixed(index)) <= Self.tolerance, "mixer of layer \(index)")
        hidden = block.finish(hidden, input: input, mixed: mixed)
      }
      #expect(try hidden.error(from: golden.output("hidden.\(golden.model.blocks.count)")) <= Self.tolerance)
      #expect(
        try golden.model.normalise(hidden).error(from: golden.output("final_norm_output")) <= Self.tolerance)
      #expect(try golden.model(golden.ids).error(from: golden.output("logits")) <= Self.tolerance)
    }
  }

  @Test(arguments: families)
  func greedyContinuationsAreTheReferences(_ name: String) throws {
    let golden = try GoldenModel(name)
    let wanted = try golden.output("continuation")
    withoutGradients {
      let ids = try! golden.ids
      let state = golden.model.emptyState(batch: ids.size(0))
      var next = golden.model.advance(ids, state).argmax(-1, keep: true)
      var all = [next]
      for _ in 1..<wanted.size(1) {
        next = golden.model.advance(next, state).argmax(-1, keep: true)
        all.append(next)
      }
      #expect(Tensor.concatenated(all, 1).integers() == wanted.integers())
    }
  }

  @Test(arguments: families)
  func configurationsOfAllAgesMeanTheSame(_ name: String) throws {
    let folder = GoldenModel.folder(name)
    let flat = try DecoderConfiguration(json: ModelJSON(folder + "/config-flat.json"))
    #expect(try flat == DecoderConfiguration(folder: folder))
  }

  @Test(arguments: families)
  func whatIsWrittenIsReadBack(_ name: String) throws {
    let golden = try GoldenModel(name)
    let folder = try TemporaryFolder()
    try golden.model.write(to: folder.path)
    let again = try Decoder.open(folder.path)
    #expect(again.configuration == golden.model.configuration)
    for parameter in golden.model.parameters.all {
      #expect(again.parameters[parameter.name]!.value.isIdentical(to: parameter.value), "\(parameter.name)")
    }
  }

  /// The layout of the layer's authors, of the same weights.
  @Test(arguments: [("state-spaces-mamba2", "mamba2"), ("state-spaces-mamba", "mamba")])
  func theAuthorsFilesHoldTheSameModel(_ name: String, _ same: String) throws {
    let plain = try GoldenModel(same)
    let other = try Decoder.open(GoldenModel.folder(name))
    #expect(try other(plain.ids).error(from: plain.output("logits")) <= Self.tolerance)
  }

  @Test(arguments: ["llama-sharded", "llama-pickled"])
  func otherFilesHoldTheSameModel(_ name: String) throws {
    let plain = try GoldenModel("llama")
    let other = try Decoder.open(GoldenModel.folder(name))
    #expect(try other(plain.ids).isIdentical(to: plain.model(plain.ids)))
  }

  @Test func namesWithoutTheUsualPrefixAreFound() throws {
    let plain = try GoldenModel("gpt2")
    let other = try Decoder.open(GoldenModel.folder("gpt2-unprefixed"))
    #expect(try other(plain.ids).isIdentical(to: plain.model(plain.ids)))
  }
}

extension GoldenModel {
  /// The matrix of a layer, attention or not; nil when the golden has none.
  func anyMatrix(_ layer: Int) throws -> Tensor? {
    let key = ["attention_matrix.\(layer)", "matrix.\(layer)"].first { outputs.entries[$0] != nil }
    return try key.map(output)
  }

  func anyMixed(_ layer: Int) throws -> Tensor {
    try output(["attention_output.\(layer)", "mixer_output.\(layer)"].first { outputs.entries[$0] != nil }!)
  }
}
