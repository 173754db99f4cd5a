import Foundation
import MohawkEvaluation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkRuns

/// What a student is compared with.
@Suite struct FrameTests {
  private func recipe(_ tiny: TinyRun, _ frames: [StudentFrame], _ change: (inout Recipe) -> Void = { _ in }) -> Recipe
  {
    tiny.recipe {
      $0.teacher = try! tiny.llama()
      $0.stages = [.alignment, .distillation]
      $0.distillation.microBatchTokens = 32
      $0.frames = frames
      change(&$0)
    }
  }

  private func model(_ tiny: TinyRun, _ frame: String) throws -> Decoder {
    try Decoder.open(tiny.path("run/frames/\(frame)/model"))
  }

  @Test(arguments: [[], [1]]) func framesAreRunsOfTheirOwnBesideTheStudent(_ kept: [Int]) throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, [.random, .window, .floor, .control]) { $0.student.attentionLayers = kept }
    let folder = try tiny.distil(recipe)
    #expect(tiny.recorder.stages == [.alignment, .distillation, .distillation, .distillation, .distillation])
    #expect(tiny.names("run/frames") == ["control", "floor", "random"])
    // Nothing but the student's mixers is fitted.
    #expect(tiny.notices.count { $0.contains("mixers fitted to the context") } == 1)
    let report = try RunReport(folder: folder.path)
    let frames = try #require(report.evaluation?.frames)
    #expect(frames.map(\.name) == ["teacher", "student", "control", "window", "floor", "random"])
    #expect(frames.map(\.tokens) == [nil, 512, 256, 0, 256, 256])
    #expect(frames[0].perplexity == report.evaluation?.teacherPerplexity && frames[0].divergence == nil)
    #expect(frames[1].divergence == report.evaluation?.divergence)
    for frame in frames.dropFirst() {
      #expect(frame.divergence!.isFinite && frame.perplexity! > 1 && (0...1).contains(frame.agreement!))
    }
    // No sequence is longer than the window.
    #expect(abs(frames[3].divergence!) < 1e-6 && frames[2].divergence! < frames[4].divergence!)
    for part in ["id=\"frames\"", "Floor: mixers that put out nothing", ">random<"] {
      #expect(report.html.contains(part), "\(part)")
    }
    #expect(report.notes.isEmpty && report.recipe == recipe)

    let teacher = try Decoder.open(recipe.teacher!)
    for name in ["floor", "random"] {
      let trained = try model(tiny, name)
      let own = try #require(StudentFrame(rawValue: name).flatMap { recipe.frame($0, layers: 3, headDim: 8) })
      #expect(try RecipeLoader.load(tiny.path("run/frames/\(name)/recipe.yaml")) == own)
      let start = Decoder.fresh(try teacher.configuration.student(own.student), seed: own.seed)
      _ = try WeightTransfer.run(teacher: teacher, student: start, start: own.student.start)
      for parameter in trained.parameters.all {
        // The norm before a mixer that puts out nothing gets no gradient.
        if name == "floor", parameter.name.hasSuffix(".norm.weight") { continue }
        let same = parameter.value.floats() == start.parameters[parameter.name]!.value.floats()
        #expect(same == parameter.name.contains(".mixer."), "\(name) \(parameter.name)")
      }
      let input = RandomGenerator(seed: 2).normal([2, 9, 32])
      for layer in 0..<3 where !kept.contains(layer) {
        for decoder in [start, trained] {
          let output = withoutGradients { decoder.blocks[layer].mixer(input).abs().max().item() }
          #expect((output == 0) == (name == "floor"), "\(name) \(layer)")
        }
      }
    }
    let control = try model(tiny, "control").configuration
    #expect(control.isTransformer && control.format == .llama)
    // The text is encoded once.
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: tiny.path("run/frames/floor/data"))
    #expect(link == "../../data")

    let events = tiny.recorder.events.count
    try tiny.distil(recipe)
    #expect(tiny.recorder.events.count == events && tiny.notices.last?.contains("run is finished already") == true)
  }

  @Test func framesHaveTheStudentsGeometry() throws {
    let tiny = try TinyRun()
    // Heads that together are wider than the model, whose width is no multiple of them: only a start from the context
    // finds a geometry by itself.
    let shape = DecoderConfiguration(
      format: .llama, vocabulary: 320, modelDim: 30, layers: 2, layout: .sequential, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 30, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 8, maxLength: 64, bias: false))
    try AtomicFolder.ensure(tiny.path("odd"))
    try Decoder.fresh(shape, seed: 3).write(to: tiny.path("odd"))
    try TinyRun.tokenizer.write(to: tiny.path("odd/tokenizer.json"))
    try tiny.distil(recipe(tiny, [.floor, .random, .control]) { $0.teacher = tiny.path("odd") })
    let student = try Decoder.open(tiny.path("run/model")).configuration
    #expect(student.shared(Mamba2Configuration.self)?.headDim == 8)
    for name in ["floor", "random"] { #expect(try model(tiny, name).configuration == student) }
    #expect(try model(tiny, "control").configuration.sharedAttention == shape.sharedAttention)
  }

  @Test func everyFrameTrainsOnTheStudentsSequences() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, []) { $0.stages = [.orientation, .alignment, .distillation] }
    #expect(recipe.samples(of: .distillation) == 32..<48)
    for frame in StudentFrame.allCases where frame.isTrained {
      let own = try #require(recipe.frame(frame, layers: 3))
      try own.validate()
      #expect(own.samples(of: .distillation) == 32..<48 && own.stages == [.distillation])
      #expect(own.fingerprint != recipe.fingerprint)
    }
    #expect(recipe.frame(.window, layers: 3) == nil)
    #expect(Set(StudentFrame.allCases.map { recipe.frame($0, layers: 3)?.fingerprint }).count == 4)
  }

  @Test(arguments: [false, true]) func theControlBeginsAsItsTeacher(_ hasBias: Bool) throws {
    Runtime.threads = 1
    var shape = DecoderConfiguration(
      format: hasBias ? .qwen2 : .llama, vocabulary: 40, modelDim: 24, layers: 3, layout: .sequential,
      norm: .rms(epsilon: 1e-6), mlp: .init(width: 48, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 6, maxLength: 64, bias: hasBias))
    shape.changeAttention { $0.outputBias = false }
    let teacher = Decoder.fresh(shape, seed: 3)
    var recipe = Recipe()
    recipe.teacher = "teacher"
    recipe.student.keepsMLPs = false
    let own = try #require(recipe.frame(.control, layers: 3))
    let configuration = try teacher.configuration.student(own.student)
    #expect(configuration == shape)
    let control = Decoder.fresh(configuration, seed: own.seed)
    let rows = try WeightTransfer.run(teacher: teacher, student: control, start: own.student.start)
    #expect(rows.allSatisfy { $0.source == $0.parameter })
    let windows = RandomGenerator(seed: 1).integers(0..<40, [3, 20])
    let comparison = Comparison.measure(teacher: teacher, student: control, [windows])
    #expect(comparison.kl == 0 && comparison.agreement == 1)
  }

  @Test(arguments: [9, 12, 14]) func aRunThatIsStoppedInsideAFrameGoesOnExactly(_ steps: Int) throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, [.control, .floor])
    try tiny.distil(recipe, "whole")
    tiny.stopAfter = steps
    let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    #expect(error?.code == .interrupted && error?.remedy == "give the same command again to continue")
    #expect(RunFolder(tiny.path("run")).isFinished)
    tiny.stopAfter = nil
    try tiny.distil(recipe)
    for name in ["model", "frames/control/model", "frames/floor/model"] {
      #expect(
        try tiny.bytes("run/\(name)/model.safetensors") == tiny.bytes("whole/\(name)/model.safetensors"), "\(name)")
    }
    let (whole, parts) = (
      try RunReport(folder: tiny.path("whole")).evaluation, try RunReport(folder: tiny.path("run")).evaluation
    )
    func numbers(_ summary: EvaluationSummary?) -> [[Double?]] {
      (summary?.frames ?? []).map { [$0.divergence, $0.perplexity, $0.agreement, $0.tokens.map(Double.init)] }
    }
    #expect(numbers(whole) == numbers(parts) && numbers(parts).count == 4)
  }

  @Test func framesMayBeAddedToAFinishedRun() throws {
    let tiny = try TinyRun()
    var recipe = recipe(tiny, [])
    let folder = try tiny.distil(recipe)
    let weights = try tiny.bytes("run/model/model.safetensors")
    #expect(try RunReport(folder: folder.path).evaluation?.frames == nil && !tiny.names("run").contains("frames"))
    recipe.frames = [.window]
    try tiny.distil(recipe)
    #expect(!tiny.names("run").contains("frames"))
    recipe.frames = [.floor]
    try tiny.distil(recipe)
    let report = try RunReport(folder: folder.path)
    #expect(report.evaluation?.frames?.map(\.name) == ["teacher", "student", "window", "floor"])
    #expect(report.recipe?.frames == [.floor, .window] && report.html.contains("id=\"frames\""))
    #expect(try tiny.bytes("run/model/model.safetensors") == weights)
    // What was asked for before stays.
    recipe.frames = []
    try tiny.distil(recipe)
    #expect(try RunReport(folder: folder.path).evaluation?.frames?.count == 4)
  }

  @Test func theWindowIsTheTeacherBehindAMask() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher(maxLength: 128)
    let folder = try tiny.distil(
      recipe(tiny, [.window]) {
        $0.teacher = teacher
        $0.student.attentionLayers = [2]
        $0.evaluation.sequenceLength = 100
      })
    let frame = try #require(try RunReport(folder: folder.path).evaluation?.frames?.last)
    #expect(frame.name == "window" && frame.divergence! > 1e-9)

    // Layer by layer, with all else taken out of the rows of the matrices.
    let model = try Decoder.open(teacher)
    let ids = RandomGenerator(seed: 1).integers(0..<300, [2, 100])
    let windowed = model.windowed(64, sinks: 4, except: [2])
    withoutGradients {
      let places = Tensor.range(0, 100, .float32)
      let distance = places.unsqueezed(1) - places.unsqueezed(0)
      let first = places.less(4).unsqueezed(0).expanded(100, 100)
      let seen = distance.less(64).or(first).to(.float32).lowerTriangle()
      var hidden = model.embed(ids)
      for (layer, block) in model.blocks.enumerated() {
        let input = block.mixerInput(hidden)
        let attention = block.mixer as! Attention
        let operands = attention.operands(input, for: .mixing)
        var matrix = attention.matrix(operands)
        if layer != 2 {
          matrix = matrix * seen
          matrix = matrix / matrix.sum(over: -1, keep: true)
        }
        let mixed = matrix.matmul(attention.values(operands).transposed(1, 2)).transposed(1, 2)
        hidden = block.finish(hidden, input: input, mixed: attention.output(mixed, input))
      }
      let found = windowed.hidden(ids)
      #expect((found - hidden).abs().max().item() < 1e-4 * hidden.abs().max().item())
      #expect((model.hidden(ids) - hidden).abs().max().item() > 1e-3 * hidden.abs().max().item())
    }
    #expect(throws: MohawkError.self) { try windowed.write(to: tiny.path("windowed")) }
  }

  @Test(arguments: [false, true]) func framesLearnFromTheSignalsOfStage3(_ inputsOnly: Bool) throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, [.floor])
    var source = recipe
    if inputsOnly {
      source.stages = [.alignment]
      source.frames = []
    }
    try SignalRun(source, folder: tiny.path("signals"), top: 16, keepsInputs: inputsOnly, RunSettings()).run()
    var learning = recipe
    learning.signals = tiny.path("signals")
    try tiny.distil(learning)
    let own = try RecipeLoader.load(tiny.path("run/frames/floor/recipe.yaml"))
    #expect(own.signals == (inputsOnly ? nil : learning.signals))
    #expect(
      tiny.notices.contains { $0.hasPrefix("floor: ") && $0.contains("stands in for the teacher") } == !inputsOnly)
  }

  @Test func framesThatCannotBeTrainedAreRefused() throws {
    let tiny = try TinyRun()
    func refused(_ part: String, _ change: (inout Recipe) -> Void) {
      let error = #expect(throws: MohawkError.self) { try tiny.distil(recipe(tiny, [.floor], change)) }
      #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }
    refused("names floor, which goes through stage 3, but stages does not") { $0.stages = [.alignment] }
    refused("distillation.trains is mixer") { $0.distillation.trains = .mixer }
    refused("names floor twice") { $0.frames = [.floor, .floor] }
    refused("data.skip") { $0.data.skip = -1 }
    let window = recipe(tiny, [.window]) { $0.stages = [.alignment] }
    try window.validate()
  }
}
