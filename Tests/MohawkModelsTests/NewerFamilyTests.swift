import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// What SmolLM 3, Phi-3, OLMo and Gemma have that others do not.
@Suite struct NewerFamilyTests {
  private static let goldens = [
    "smollm3", "smollm3-sliding", "phi3", "phi3-longrope", "olmo2", "olmo3", "gemma2", "gemma3_text",
  ]

  /// 1 + w of a bf16 weight has more digits than bf16, and transformers adds in fp32.
  @Test(arguments: ["gemma2", "gemma3_text"]) func normsStoredLessOneKeepTheirDigitsInHalfPrecision(_ name: String)
    throws
  {
    let (whole, half) = (try GoldenModel(name), try GoldenModel(name, dtype: .bfloat16))
    for parameter in half.model.parameters.all {
      let isNorm = parameter.value.rank == 1 && parameter.name.contains("norm")
      #expect(parameter.value.dtype == (isNorm ? .float32 : .bfloat16), "\(parameter.name)")
      guard isNorm else { continue }
      let same = whole.model.parameters[parameter.name]!.value
      #expect(parameter.value.isIdentical(to: same), "\(parameter.name)")
    }
    #expect(half.model.embeddingScale == Tensor.full([1], 24.0.squareRoot(), .bfloat16).item())
    #expect(whole.model.embeddingScale != half.model.embeddingScale)
  }

  @Test(arguments: ["gemma2", "gemma3_text"]) func aCheckpointInHalfPrecisionIsWrittenAsItWas(_ name: String) throws {
    let (first, second) = (try TemporaryFolder(copying: name), try TemporaryFolder())
    try first.reweigh { tensors in tensors = tensors.mapValues { $0.to(.bfloat16) } }
    try Decoder.open(first.path, dtype: nil).write(to: second.path, as: .bfloat16)
    let (file, other) = (
      try SafetensorsFile(first.path + "/model.safetensors"), try SafetensorsFile(second.path + "/model.safetensors")
    )
    for name in other.names {
      #expect(try other.tensor(name).isIdentical(to: file.tensor(name)), "\(name)")
    }
  }

  /// Formats that describe the model of a golden beside its own: a window in all layers is Mistral's too, and layers
  /// without any are allowed in OLMo 3.
  private static let others: [String: Set<CheckpointFormat>] = [
    "phi3": [.mistral, .smolLM3], "olmo2": [.olmo3],
  ]

  @Test(arguments: goldens) func otherFormatsRefuseWhatTheyCannotSay(_ name: String) throws {
    let configuration = try GoldenModel(name).model.configuration
    let holding = CheckpointFormat.allCases.filter { configuration.unsupportedFeature(in: $0) == nil }
    let wanted = Set([configuration.format, .mohawk]).union(Self.others[name] ?? [])
    #expect(Set(holding) == wanted)
  }

  @Test(arguments: goldens) func theProjectsOwnFormatComputesTheSame(_ name: String) throws {
    let golden = try GoldenModel(name)
    var configuration = golden.model.configuration
    configuration.format = .mohawk
    let folder = try TemporaryFolder()
    try golden.model.described(by: configuration).write(to: folder.path)
    let again = try Decoder.open(folder.path)
    #expect(again.configuration == configuration)
    let ids = try golden.ids
    withoutGradients { #expect(again(ids).isIdentical(to: golden.model(ids))) }
  }

  @Test func factsNameWhatFewModelsHave() throws {
    func facts(_ name: String) throws -> [String] {
      try DecoderConfiguration(folder: GoldenModel.folder(name)).facts.map { "\($0.name): \($0.value)" }
    }
    let gemma = try facts("gemma2")
    for fact in ["soft cap on scores: 2.0", "soft cap on logits: 5.0", "norms: around mixers and MLPs"] {
      #expect(gemma.contains(fact), "\(fact)")
    }
    #expect(try facts("smollm3").contains("other positions: none, in 1 of 3 attention layers"))
    #expect(try facts("gemma3_text").contains("other positions: rotary on 8, base 100.0, in 2 of 3 attention layers"))
  }

  /// What holds for all layers with attention is said once, and of layers without it nothing is.
  @Test func attentionIsDescribedOnceForAllLayers() {
    var shape = Shapes.llama
    shape.changeAttention { ($0.rotaryDim, $0.rotaryBase) = (4, 500) }
    #expect(shape.otherRotary == nil && shape.sharedAttention?.rotaryBase == 500)
    shape.changeAttention(where: { $0 != 1 }) { $0.rotaryDim = 0 }
    #expect(shape.otherRotary?.layers == [0, 2] && shape.sharedAttention?.rotaryDim == 4)
    shape.layers[0].mixer = MambaConfiguration(modelDim: 24, stateDim: 5)
    #expect(shape.otherRotary?.layers == [2] && shape.layers[2].attention?.rotaryDim == 0)
    shape.layers[2].mixer = MambaConfiguration(modelDim: 24, stateDim: 5)
    #expect(shape.otherRotary == nil && shape.attentionByKind?.local.window == nil)
    shape.layers[1].mixer = MambaConfiguration(modelDim: 24, stateDim: 5)
    #expect(shape.sharedAttention == nil && shape.attentionByKind == nil)
  }

  /// Layers without a window before those with one, whichever stands first.
  @Test func theModelsPositionsAreThoseWithoutAWindow() throws {
    var shape = Shapes.llama
    shape.changeAttention(where: { $0 < 2 }) { ($0.window, $0.rotaryBase) = (8, 100) }
    #expect(shape.sharedAttention?.rotaryBase == 10_000 && shape.sharedAttention?.window == 8)
    #expect(shape.otherRotary?.layers == [0, 1] && shape.otherRotary?.attention.rotaryBase == 100)
    let again = try DecoderConfiguration(json: ModelJSON(path: "", object: shape.json, text: ""))
    #expect(again == shape)
  }

  /// No format has a word for it, and none takes one layer for all.
  @Test func layersThatDifferAreRefusedByName() {
    func refusal(_ change: (inout DecoderLayer) -> Void) -> String? {
      var shape = Shapes.llama
      change(&shape.layers[1])
      return shape.unsupportedFeature(in: .mohawk)
    }
    #expect(refusal { _ in } == nil)
    #expect(refusal { $0.mlp?.width = 41 } == "MLPs that differ between layers")
    #expect(
      refusal { $0 = DecoderLayer($0.mixer, mlp: $0.mlp, layout: .parallel) } == "blocks that differ between layers")
    #expect(
      refusal {
        var attention = $0.attention!
        attention.kvHeads = 4
        $0.mixer = attention
      } == "attention that differs between layers")
    var shape = Shapes.llama
    for layer in [0, 1] { shape.layers[layer].mixer = MambaConfiguration(modelDim: 24, stateDim: 5 + layer) }
    #expect(shape.unsupportedFeature(in: .mohawk) == "mamba that differs between layers")
    #expect(shape.shared(MambaConfiguration.self) == nil)
  }
}

private enum Shapes {
  static let llama = DecoderConfiguration(
    format: .mohawk, vocabulary: 50, modelDim: 24, layers: 3, layout: .sequential, norm: .rms(epsilon: 1e-5),
    mlp: .init(width: 40, activation: .silu, isGated: true, bias: false),
    mixer: AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 6, maxLength: 128, bias: false))
}
