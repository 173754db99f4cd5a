import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

/// Students with a window of attention beside the recurrent part of their mixers.
@Suite struct WindowStudentTests {
  private static let teachers = ["phi", "llama", "qwen3"]

  private func teacher(_ name: String) -> DecoderConfiguration {
    var shape = name == "phi" ? TinyPair.shape(kvHeads: 2) : TinyPair.llama(kvHeads: 2)
    if name == "qwen3" {
      shape.format = .qwen3
      shape.changeAttention { $0.headNormEpsilon = 1e-6 }
    }
    return shape
  }

  private func recipe(_ change: (inout StudentRecipe) -> Void = { _ in }) -> StudentRecipe {
    var recipe = StudentRecipe()
    recipe.window = 5
    recipe.sinks = 2
    recipe.stateDim = 6
    change(&recipe)
    return recipe
  }

  private func pair(_ name: String, _ change: (inout StudentRecipe) -> Void = { _ in }) throws -> TinyPair {
    try TinyPair(of: teacher(name)) { student in
      student = self.recipe { $0.chunk = student.chunk }
      student.start = .context
      change(&student)
    }
  }

  @Test(arguments: teachers) func aWindowHasTheTeachersQueriesAndKeys(_ name: String) throws {
    let student = try teacher(name).student(recipe { $0.attentionLayers = [1] })
    #expect(student.format == .mohawk && student.mixers == [.discreteMamba2, .attention, .discreteMamba2])
    let window = try #require(student.shared(DiscreteMamba2Configuration.self)?.window)
    #expect(window == WindowConfiguration(tokens: 5, sinks: 2, like: teacher(name).sharedAttention!))
    #expect(window.kvHeads == 2 && window.headDim == 6 && window.bias == (name == "phi"))
    #expect(teacher(name).start(recipe()) == .context)
  }

  @Test(arguments: teachers, [StudentRecipe.Start.context, .paper, .attention])
  func everyStartCopiesQueriesAndKeys(_ name: String, _ start: StudentRecipe.Start) throws {
    let tiny = try pair(name) { $0.start = start }
    for layer in 0..<3 {
      let more = ["phi": ["q_proj.bias", "k_proj.bias"], "qwen3": ["q_norm.weight", "k_norm.weight"]]
      for part in ["q_proj.weight", "k_proj.weight"] + (more[name] ?? []) {
        let row = try #require(tiny.rows.first { $0.parameter == "layers.\(layer).mixer.\(part)" })
        #expect(row.source == "layers.\(layer).attention.\(part)")
        let copy = try #require(tiny.student.parameters[row.parameter]).value
        #expect(copy.isIdentical(to: tiny.teacher.parameters[row.source!]!.value))
      }
      let mixer = try #require(tiny.student.blocks[layer].mixer as? DiscreteMamba2)
      let attention = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let x = RandomGenerator(seed: 1).normal([2, 9, 24], .float64)
      let (mine, theirs) = (mixer.operands(x, for: .matrix).window!, attention.operands(x, for: .matrix))
      #expect(mine.q.error(from: theirs.q * attention.configuration.resolvedScale) < 1e-12)
      #expect(mine.k.isIdentical(to: theirs.k))
    }
  }

  @Test func whatHasNoWindowRefusesOneByName() {
    func refusal(_ teacher: DecoderConfiguration, _ change: (inout StudentRecipe) -> Void) -> MohawkError? {
      #expect(throws: MohawkError.self) { _ = try teacher.student(recipe(change)) }
    }
    #expect(refusal(TinyPair.llama()) { $0.vHeads = 2 }?.message.contains("a head for each") == true)
    let student = try? TinyPair.shape().student(recipe())
    #expect(student?.unsupportedFeature(in: .phiMamba) == "a window beside the recurrent part")
    for format in CheckpointFormat.allCases where format != .mohawk {
      #expect(student?.unsupportedFeature(in: format) != nil)
    }
  }

  @Test(arguments: teachers) func untrainedLayersAreFarNearerToTheTeacherThanTheRecurrentPartAlone(_ name: String)
    throws
  {
    let tiny = try pair(name)
    let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 48])
    _ = try ContextStart.run(tiny.pair, ids)
    let windowSwitch = try #require(tiny.student.windowSwitch)
    withoutGradients {
      for layer in 0..<3 {
        // The gates are as a fresh student has them.
        for (name, value) in [
          ("window_gate", WindowAttention.freshGate), ("in_proj.z", 0), ("z_bias", DiscreteMamba2.openGate),
        ] { tiny.student.parameters["layers.\(layer).mixer.\(name)"]!.value.fill(value) }
        let block = tiny.teacher.blocks[layer]
        let input = block.mixerInput(tiny.teacherInputs(ids)[layer])
        tiny.teacher.parameters["layers.\(layer).attention.dense.bias"]?.value.fill(0)
        let target = block.mixer(input).narrowed(1, from: 0, length: 7)
        // The first seven tokens have all of their attention within the window and the sinks.
        func error() -> Double {
          let mixed = tiny.student.blocks[layer].mixer(input).narrowed(1, from: 0, length: 7)
          return ((mixed - target).square().sum() / target.square().sum()).sqrt().item()
        }
        let alone = windowSwitch.with(.off, error)
        #expect(error() < 0.2 * alone, "layer \(layer)")
      }
    }
  }

  @Test(arguments: teachers) func foldersGiveBackTheModel(_ name: String) throws {
    var shape = try teacher(name).student(recipe { $0.attentionLayers = [1] })
    shape.change(DiscreteMamba2Configuration.self) {
      $0.window?.scale = 0.25
      $0.window?.rotaryScaling = .linear(factor: 2)
    }
    let model = TinyPair.shaken(Decoder.fresh(shape, seed: 5), 6)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path)
    let opened = try Decoder.open(folder.path)
    #expect(opened.configuration == shape)
    let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 20])
    #expect(opened(ids).isIdentical(to: model(ids)))
  }

  @Test(arguments: teachers) func theModelsSwitchTurnsAllWindowsOff(_ name: String) throws {
    let tiny = try pair(name)
    let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 20])
    var plain = tiny.student.configuration
    plain.change(DiscreteMamba2Configuration.self) { $0.window = nil }
    let build = ParameterBuild(Given(parameters: tiny.student.parameters))
    let recurrent = Decoder(plain, build)
    #expect(recurrent.windowSwitch == nil)
    withoutGradients {
      let off = tiny.student.windowSwitch!.with(.off) { tiny.student(ids) }
      #expect(off.isIdentical(to: recurrent(ids)))
      #expect(tiny.student(ids).error(from: off) > 1e-3)
    }
  }

  private struct Given: ParameterSource {
    let parameters: ParameterList
    func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
      .success(parameters[request.name]!.value)
    }
  }

  @Test func aSequencesLotDependsOnSeedAndIdsAlone() {
    let generator = RandomGenerator(seed: 4)
    let tokens = generator.integers(0..<1000, [400, 17])
    let half = WindowDropout(seed: 1, share: 0.5)
    guard case .offFor(let rows) = half.setting(for: tokens) else { return #expect(Bool(false), "nothing is dropped") }
    #expect((150...250).contains(rows.count { $0 }))
    for row in 0..<400 { #expect(half.isOff(tokens.selected(0, row).integers()) == rows[row]) }
    #expect(WindowDropout(seed: 2, share: 0.5).setting(for: tokens) != .offFor(rows))
    #expect(WindowDropout(seed: 1, share: 0).setting(for: tokens) == .on)
    #expect(WindowDropout(seed: 1, share: 1).setting(for: tokens) == .offFor(Array(repeating: true, count: 400)))
    // What is dropped at a small share is dropped at a larger one.
    guard case .offFor(let few) = WindowDropout(seed: 1, share: 0.1).setting(for: tokens) else { return }
    #expect((20...60).contains(few.count { $0 }) && zip(few, rows).allSatisfy { !$0 || $1 })
  }

  @Test func stagesDropWindowsUnlessTheyAreToldNotTo() throws {
    let tiny = try pair("llama")
    var plan = TinyPair.plan(.mixer)
    #expect(try LayerStage.alignment(tiny.pair, plan).dropout.share == 0.5)
    var calibrating = plan
    calibrating.loss = .hiddenStateAlignment
    #expect(try Calibration(tiny.pair, calibrating, judgedBy: nil).dropout.share == 0.5)
    calibrating.loss = LossRecipe(.hidden)
    #expect(try HiddenStateStage(.alignment, tiny.pair, calibrating).dropout.share == 0.2)
    var orienting = TinyPair.plan(.matrix)
    orienting.windowDropout = 0.5
    #expect(try LayerStage.orientation(tiny.pair, orienting).dropout.share == 0)
    #expect(try KnowledgeDistillation(tiny.pair, plan).dropout.share == 0.2)
    plan.windowDropout = 0
    #expect(try LayerStage.alignment(tiny.pair, plan).dropout.share == 0)
    #expect(try KnowledgeDistillation(tiny.pair, plan).dropout.share == 0)
  }

  @Test func theLossOfABatchIsThatOfItsRowsWithAndWithoutWindow() throws {
    let tiny = try pair("llama")
    let tokens = TinyPair.tokens(6)
    var plan = TinyPair.plan(.all)
    plan.windowDropout = 0.5
    let dropout = WindowDropout(seed: 3, share: 0.5)
    let off = (0..<6).map { dropout.isOff(tokens.selected(0, $0).integers()) }
    #expect(Set(off).count == 2)
    for makeStage in [
      { try KnowledgeDistillation(tiny.pair, $0, seed: 3) },
      {
        var plan = $0
        plan.trains = .mixer
        return try LayerStage.alignment(tiny.pair, plan, seed: 3)
      },
    ] as [(StageRecipe) throws -> any TrainingStage] {
      let stage = try makeStage(plan)
      try stage.begin()
      let loss = try stage.accumulate(tokens, share: 1).total.item()
      var without = plan
      without.windowDropout = 0
      let plain = try makeStage(without)
      let rows = try (0..<6).map { row in
        let part = tokens.narrowed(0, from: row, length: 1)
        return try tiny.student.windowSwitch!.with(off[row] ? .off : .on) { () -> Double in
          return try plain.accumulate(part, share: 1).total.item()
        }
      }
      #expect(abs(loss - rows.reduce(0, +) / 6) < 1e-9 * abs(loss))
      #expect(tiny.student.windowSwitch?.setting == .on)
    }
  }
}
