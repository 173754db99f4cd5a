import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import Testing

@testable import MohawkDistillation

/// Which student a teacher gets, and in which format it is written.
@Suite struct StudentDesignTests {
  private func recipe(_ change: (inout StudentRecipe) -> Void = { _ in }) -> StudentRecipe {
    var recipe = StudentRecipe()
    recipe.stateDim = 6
    change(&recipe)
    return recipe
  }

  @Test func teachersWithLlamasBlocksGetMamba2InAFormatThatOthersOpen() throws {
    let student = try TinyPair.llama().student(recipe { $0.attentionLayers = [1] })
    #expect(student.format == .graniteHybrid && student.mixers == [.mamba2, .attention, .mamba2])
    let mamba = try #require(student.shared(Mamba2Configuration.self))
    // A group of B and C for every head of the teacher, and the values as wide as the model.
    #expect(mamba.heads == 4 && mamba.groups == 4 && mamba.headDim == 6 && mamba.normGroups == 4)
    #expect(try TinyPair.llama().student(recipe()).format == .graniteHybrid)
  }

  @Test func groupsOfBAndCAreTheUsers() throws {
    let student = try TinyPair.llama().student(recipe { $0.qkHeads = 1 })
    #expect(
      student.shared(Mamba2Configuration.self)?.groups == 1 && student.shared(Mamba2Configuration.self)?.normGroups == 1
    )
  }

  @Test func missingBiasesOfTheOutputAreZerosInAHybrid() throws {
    let teacher = TinyPair.llama(bias: true)
    let student = try teacher.student(recipe { $0.attentionLayers = [0] })
    #expect(student.format == .graniteHybrid && student.sharedAttention!.outputBias)
    let tiny = try TinyPair(of: teacher) { $0.attentionLayers = [0, 1, 2] }
    #expect(tiny.student.configuration.format == .llama)
  }

  @Test func whatNoOtherToolKnowsIsWrittenInTheProjectsOwnFormat() throws {
    var qwen3 = TinyPair.llama()
    qwen3.changeAttention { $0.headNormEpsilon = 1e-6 }
    #expect(try qwen3.student(recipe { $0.attentionLayers = [1] }).format == .mohawk)
    #expect(try qwen3.student(recipe()).format == .graniteHybrid)
    #expect(try TinyPair.llama().student(recipe { $0.mixer = .discreteMamba2 }).format == .mohawk)
    #expect(try TinyPair.shape().student(recipe { $0.mixer = .mamba2 }).format == .mohawk)
  }

  @Test func mixersWithAPlaceForTheTeachersHeadsStartFromTheContext() throws {
    var teacher = TinyPair.llama()
    // Heads wider than the model is over their number, as Qwen 3 has them.
    teacher.changeAttention { $0.headDim = 12 }
    let wide = try #require(try teacher.student(StudentRecipe()).shared(Mamba2Configuration.self))
    #expect(teacher.start(StudentRecipe()) == .context)
    #expect(wide.headDim == 12 && wide.innerDim == 48 && wide.stateDim == 12 && wide.groups == 4)
    let discrete = recipe { $0.mixer = .discreteMamba2 }
    #expect(teacher.start(discrete) == .paper && TinyPair.llama().start(discrete) == .context)
    for (start, change) in [
      (.paper, { $0.vHeads = 2 }), (.paper, { $0.qkHeads = 1 }), (.paper, { $0.headDim = 12 }),
      (.paper, { $0.keepsMLPs = false }), (.paper, { $0.start = .paper }), (.attention, { $0.start = .attention }),
      (.context, { $0.attentionLayers = [1] }),
    ] as [(StudentRecipe.Start, (inout StudentRecipe) -> Void)] {
      #expect(TinyPair.llama().start(recipe(change)) == start)
    }
    #expect(try teacher.student(recipe { $0.start = .paper }).shared(Mamba2Configuration.self)?.headDim == 6)
  }

  @Test func withoutMLPsAStudentIsAPureMamba2() throws {
    let student = try TinyPair.llama().student(recipe { $0.keepsMLPs = false })
    #expect(student.format == .mamba2 && student.layout == .mixerOnly)
    #expect(
      student.shared(Mamba2Configuration.self)?.innerDim == 48
        && student.shared(Mamba2Configuration.self)?.headDim == 12)
    let wide = try TinyPair.llama().student(
      recipe {
        $0.keepsMLPs = false
        $0.vHeads = 12
        $0.headDim = 6
      })
    #expect(wide.shared(Mamba2Configuration.self)?.innerDim == 72)
  }

  @Test func mambaHasAChannelForEachValueAndNoHeads() throws {
    let mamba = recipe { ($0.mixer, $0.stateDim) = (.init(rawValue: "mamba"), nil) }
    let student = try TinyPair.llama().student(mamba)
    #expect(
      student.format == .mohawk && student.shared(MambaConfiguration.self)?.innerDim == 24
        && student.shared(MambaConfiguration.self)?.stateDim == 16)
    #expect(TinyPair.llama().start(mamba) == .paper)
    let pure = try TinyPair.llama().student(
      recipe { ($0.mixer, $0.keepsMLPs, $0.stateDim) = (.init(rawValue: "mamba"), false, 5) })
    #expect(
      pure.format == .mamba && pure.shared(MambaConfiguration.self)?.innerDim == 48
        && pure.shared(MambaConfiguration.self)?.stateDim == 5)
    let changes: [(String, (inout StudentRecipe) -> Void)] = [
      ("student.qkHeads", { $0.qkHeads = 2 }), ("student.vHeads", { $0.vHeads = 2 }),
      ("student.headDim", { $0.headDim = 2 }), ("student.window", { $0.window = 8 }),
    ]
    for (key, change) in changes {
      var refused = mamba
      change(&refused)
      let error = #expect(throws: MohawkError.self) { try TinyPair.llama().student(refused) }
      #expect(error?.description.contains(key) == true, "\(error as Any)")
    }
  }

  @Test func monarchSharesItsStateAmongBlocks() throws {
    var monarch = recipe { ($0.mixer, $0.stateDim) = (.init(rawValue: "monarch"), nil) }
    func geometry() throws -> MonarchConfiguration? {
      try TinyPair.llama().student(monarch).shared(MonarchConfiguration.self)
    }
    #expect(try geometry() == MonarchConfiguration(modelDim: 24, heads: 4, headDim: 6, block: 16, reach: 15))
    for (size, block, reach) in [(8, 2, 3), (24, 4, 5), (7, 1, 6), (2, 1, 1)] {
      monarch.stateDim = size
      #expect(try geometry() == MonarchConfiguration(modelDim: 24, heads: 4, headDim: 6, block: block, reach: reach))
    }
    for size in [0, 1] {
      monarch.stateDim = size
      let error = #expect(throws: MohawkError.self) { try geometry() }
      #expect(error?.description.contains("student.stateDim") == true)
    }
  }

  @Test func toeplitzSeesAsManyTokensAsItsStateIsLarge() throws {
    var toeplitz = recipe { ($0.mixer, $0.stateDim) = (.init(rawValue: "toeplitz"), nil) }
    func geometry() throws -> ToeplitzConfiguration? {
      try TinyPair.llama().student(toeplitz).shared(ToeplitzConfiguration.self)
    }
    #expect(try geometry() == ToeplitzConfiguration(modelDim: 24, heads: 4, headDim: 6, taps: 256))
    toeplitz.stateDim = 9
    #expect(try geometry()?.taps == 9)
    for (key, change) in [("qkHeads", { $0.qkHeads = 2 }), ("window", { $0.window = 8 })]
      as [(String, (inout StudentRecipe) -> Void)]
    {
      var refused = toeplitz
      change(&refused)
      let error = #expect(throws: MohawkError.self) { try TinyPair.llama().student(refused) }
      #expect(error?.description.contains("student.\(key)") == true, "\(error as Any)")
    }
  }
}
