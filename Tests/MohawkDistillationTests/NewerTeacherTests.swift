import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkDistillation

/// Students of teachers with norms behind their mixers, caps, and positions that differ between layers.
@Suite struct NewerTeacherTests {
  private static let teachers = ["unplaced", "olmo", "gemma"]

  private static func teacher(_ name: String) -> DecoderConfiguration {
    var shape = TinyPair.llama()
    switch name {
    case "unplaced": shape.changeAttention(where: { $0 == 2 }) { $0.rotaryDim = 0 }
    case "olmo":
      shape.setBlocks(.sequential, norms: .after)
      shape.changeAttention { ($0.headNormEpsilon, $0.normsAcrossHeads) = (1e-5, true) }
    default:
      shape.setBlocks(.sequential, norms: .around)
      shape.changeAttention { ($0.scoreCap, $0.scale) = (2, 0.3) }
      shape.logitCap = 4
      shape.multipliers.embedding = Double(shape.modelDim).squareRoot()
      shape.multipliers.roundsEmbedding = true
      shape.changeAttention(where: { $0 == 0 }) { ($0.window, $0.rotaryBase) = (5, 100) }
    }
    shape.format = .mohawk
    return shape
  }

  @Test(arguments: teachers) func theirStudentsKeepTheirBlocksAndStartFromTheContext(_ name: String) throws {
    let shape = Self.teacher(name)
    var recipe = StudentRecipe()
    recipe.attentionLayers = [1]
    let design = try shape.student(recipe)
    #expect(design.mixers == [.mamba2, .attention, .mamba2] && shape.start(recipe) == .context)
    #expect(design.normPlaces == shape.normPlaces && design.logitCap == shape.logitCap)
    #expect(design.otherRotary == nil && design.format == (name == "unplaced" ? .graniteHybrid : .mohawk))
    let teacher = TinyPair.shaken(Decoder.fresh(shape, seed: 5), 6)
    let student = Decoder.fresh(design, seed: 7)
    let rows = try WeightTransfer.run(teacher: teacher, student: student, start: .context)
    #expect(rows.allSatisfy { $0.source != nil || $0.parameter.contains(".mixer.") })
    let pair = try DistillationPair(teacher: teacher, student: student)
    let ids = Tensor((0..<40).map { Int64($0 * 5 % shape.vocabulary) }, shape: [2, 20])
    let fits = try ContextStart.run(pair, ids)
    #expect(fits.map { $0 == nil } == [false, true, false])
    withoutGradients {
      #expect(student(ids).isFinite().all().intItem() == 1)
    }
  }

  @Test(arguments: teachers) func layersThatKeepAttentionKeepTheirPositions(_ name: String) throws {
    let shape = Self.teacher(name)
    var recipe = StudentRecipe()
    recipe.attentionLayers = [0, 2]
    let design = try shape.student(recipe)
    for layer in [0, 2] { #expect(design.layers[layer] == shape.layers[layer]) }
    #expect(design.otherRotary?.layers == shape.otherRotary?.layers)
    #expect(design.format == .mohawk)
  }

  @Test(arguments: teachers) func aWindowBesideTheirStudentsIsRefusedByName(_ name: String) throws {
    var recipe = StudentRecipe()
    recipe.window = 8
    let error = #expect(throws: MohawkError.self) { try Self.teacher(name).student(recipe) }
    #expect(error?.remedy?.contains("student.window") == true)
  }

  @Test func aStudentWithoutMLPsHasNormsBeforeItsMixers() throws {
    var recipe = StudentRecipe()
    recipe.keepsMLPs = false
    let design = try Self.teacher("olmo").student(recipe)
    #expect(design.normPlaces == .before && design.layout == .mixerOnly && design.format == .mamba2)
  }

  /// What stands for a norm across heads is its mean factor over the text.
  @Test func normsAcrossHeadsAreFoldedIntoQueriesAndKeys() throws {
    let model = TinyPair.shaken(Decoder.fresh(Self.teacher("olmo"), seed: 5), 6)
    let attention = try #require(model.blocks[0].mixer as? Attention)
    let generator = RandomGenerator(seed: 3)
    let norm = try #require(attention.queryNorm)
    withoutGradients {
      let token = generator.normal([1, 1, model.modelDim], .float64)
      let input = Tensor.concatenated(Array(repeating: token, count: 4), 1)
      let heads = AttentionHeads(attention, input)
      // Of one token only the mean is the norm itself.
      let found = AttentionHeads.activations(input, heads.query, heads.queryBias)
      let x = attention.query(input.to(.float32))
      let wanted = norm(x).reshaped(1, 4, attention.configuration.heads, -1).transposed(1, 2)
      #expect(found.error(from: wanted.to(.float64)) < 1e-5)
    }
  }
}
