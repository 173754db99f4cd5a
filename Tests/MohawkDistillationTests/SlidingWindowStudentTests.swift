import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

/// Students whose mixers are a sliding window of attention, with nothing beside it.
@Suite struct SlidingWindowStudentTests {
  private static let teachers = ["phi", "llama", "qwen3"]

  private func teacher(_ name: String) -> DecoderConfiguration {
    var shape = name == "phi" ? TinyPair.shape(kvHeads: 2) : TinyPair.llama(kvHeads: 2)
    if name == "qwen3" { shape.format = .qwen3 }
    shape.changeAttention {
      $0.headNormEpsilon = name == "qwen3" ? 1e-6 : nil
      $0.scale = name == "llama" ? 0.3 : nil
    }
    return shape
  }

  private func pair(_ name: String, _ change: (inout StudentRecipe) -> Void = { _ in }) throws -> TinyPair {
    try TinyPair(of: teacher(name)) {
      $0.mixer = .slidingWindowAttention
      change(&$0)
    }
  }

  private func ids(_ length: Int) -> Tensor { RandomGenerator(seed: 9).integers(0..<40, [2, length]) }

  /// KL(teacher ‖ student) in nats, the mean over all tokens.
  private func divergence(_ teacher: Tensor, _ student: Tensor) -> Double {
    let (p, q) = (teacher.softmax(-1), student.softmax(-1))
    return (p * (p.log() - q.log())).sum(over: -1).mean().item()
  }

  @Test(arguments: teachers) func aWindowThatCoversTheTextIsTheTeacher(_ name: String) throws {
    let tiny = try pair(name)
    let window = try #require(tiny.student.configuration.shared(SlidingWindowAttentionConfiguration.self))
    #expect(window.window == WindowConfiguration(tokens: 64, sinks: 4, like: teacher(name).sharedAttention!))
    withoutGradients {
      for length in [1, 20, 64] {
        let (theirs, mine) = (tiny.teacher(ids(length)), tiny.student(ids(length)))
        #expect(mine.error(from: theirs) < 1e-12 && abs(divergence(theirs, mine)) < 1e-12)
      }
    }
  }

  @Test(arguments: teachers) func aLongerTextIsTheTeacherWithItsMatricesMasked(_ name: String) throws {
    let tiny = try pair(name) { ($0.window, $0.sinks) = (5, 2) }
    let masked = tiny.teacher.windowed(5, sinks: 2)
    withoutGradients {
      for length in [5, 7, 8, 60] {
        let (slow, fast) = (masked(ids(length)), tiny.student(ids(length)))
        #expect(fast.error(from: slow) < 1e-12, "\(length) tokens")
      }
      #expect(tiny.student(ids(60)).error(from: tiny.teacher(ids(60))) > 1e-3)
    }
  }

  @Test(arguments: teachers) func aWindowThatCoversTheTextHasNothingToLearnFromOutputs(_ name: String) throws {
    func gradients(window: Int) throws -> (loss: Double, largest: Double) {
      let tiny = try pair(name) { $0.window = window }
      let stage = try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer))
      try stage.begin()
      let loss = try stage.accumulate(TinyPair.tokens(), share: 1).total.item()
      return (loss, stage.parameters.map { $0.value.gradient?.abs().max().item() ?? 0 }.max()!)
    }
    #expect(try gradients(window: 64) == (0, 0))
    let short = try gradients(window: 3)
    #expect(short.loss > 1e-3 && short.largest > 1e-3)
  }

  @Test(arguments: [StudentRecipe.Start.automatic, .paper, .attention]) func everyStartIsTheAttention(
    _ start: StudentRecipe.Start
  ) throws {
    let tiny = try pair("phi") { $0.start = start }
    for row in tiny.rows where row.parameter.contains(".mixer.") {
      let own = row.parameter.replacing(".mixer.", with: ".attention.").replacing("out_proj", with: "dense")
      #expect(row.source == own)
    }
    let silent = try pair("phi") { $0.start = .silent }
    #expect(silent.student.parameters["layers.0.mixer.out_proj.weight"]?.value.abs().max().item() == 0)
  }

  @Test(arguments: [StudentRecipe.Start.context, .scaled]) func aStartFromATextIsRefusedByName(
    _ start: StudentRecipe.Start
  ) throws {
    let tiny = try pair("llama")
    #expect(teacher("llama").start(StudentRecipe.sliding) == .paper)
    let error = #expect(throws: MohawkError.self) {
      try ContextStart.require(tiny.pair, drawn: start == .scaled)
    }
    #expect(error?.message.contains("'\(start.rawValue)'") == true && error?.location == "student.start")
  }

  @Test func whatTheProjectionsCannotBeIsRefused() {
    let changes: [(String, (inout StudentRecipe) -> Void)] = [
      ("student.stateDim", { $0.stateDim = 5 }), ("student.vHeads", { $0.vHeads = 2 }),
      ("student.qkHeads", { $0.qkHeads = 2 }), ("student.headDim", { $0.headDim = 6 }),
      ("student.keepsMLPs", { $0.keepsMLPs = false }),
    ]
    for (key, change) in changes {
      var recipe = StudentRecipe.sliding
      change(&recipe)
      let error = #expect(throws: MohawkError.self) { try teacher("llama").student(recipe) }
      #expect(error?.location == key)
    }
    var capped = teacher("llama")
    capped.format = .mohawk
    capped.changeAttention { $0.scoreCap = 30 }
    let error = #expect(throws: MohawkError.self) { try capped.student(.sliding) }
    #expect(error?.location == "student.mixer" && error?.message.contains("soft cap") == true)
  }

  @Test(arguments: teachers) func foldersGiveBackTheModel(_ name: String) throws {
    var recipe = StudentRecipe.sliding
    (recipe.window, recipe.sinks, recipe.attentionLayers) = (5, 2, [1])
    var shape = try teacher(name).student(recipe)
    #expect(shape.format == .mohawk && shape.mixers == [.slidingWindowAttention, .attention, .slidingWindowAttention])
    shape.change(SlidingWindowAttentionConfiguration.self) { $0.window.rotaryScaling = .linear(factor: 2) }
    let model = TinyPair.shaken(Decoder.fresh(shape, seed: 5), 6)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path)
    let opened = try Decoder.open(folder.path)
    #expect(opened.configuration == shape && opened(ids(20)).isIdentical(to: model(ids(20))))
    let config = folder.path + "/config.json"
    let text = try String(contentsOfFile: config, encoding: .utf8)
    try text.replacing("\"sinks\"", with: "\"drains\"").write(toFile: config, atomically: true, encoding: .utf8)
    let error = #expect(throws: MohawkError.self) { try Decoder.open(folder.path) }
    #expect(error?.message.contains("'drains' is not known") == true)
  }
}

extension StudentRecipe {
  fileprivate static var sliding: StudentRecipe {
    var recipe = StudentRecipe()
    recipe.mixer = .slidingWindowAttention
    return recipe
  }
}
