import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkRuns

/// Layers that several processes divide: what they learn apart is, joined, what one process learns.
@Suite struct LayerPartTests {
  /// A recipe whose layers can be trained apart, with gradients that are clipped.
  private func recipe(_ tiny: TinyRun, _ teacher: String, _ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    tiny.recipe {
      $0.teacher = teacher
      for stage in StageName.allCases {
        $0[stage].clip = 0.05
        $0[stage].clipPerLayer = stage != .distillation && stage != .pretraining
      }
      change(&$0)
    }
  }

  @discardableResult
  private func part(_ tiny: TinyRun, _ layers: String, _ recipe: Recipe, _ folder: String) throws -> RunFolder {
    tiny.part = try LayerPart(layers)
    defer { tiny.part = nil }
    return try tiny.distil(recipe, folder)
  }

  private func expectSameModel(_ a: RunFolder, _ b: RunFolder) throws {
    let (a, b) = (try Decoder.open(a.model), try Decoder.open(b.model))
    for parameter in a.parameters.all {
      let isSame = parameter.value.floats() == b.parameters[parameter.name]!.value.floats()
      #expect(isSame, "\(parameter.name)")
    }
  }

  /// What the log says of steps, but for sums over layers, whose last bits depend on the order.
  private func numbers(_ folder: RunFolder) throws -> [[Double]] {
    try MetricsLog.read(folder.metrics).compactMap { event in
      guard case .step(let record) = event else { return nil }
      return [Double(record.step), Double(record.tokens), record.learningRate] + (record.perLayer ?? [record.loss])
    }
  }

  @Test(arguments: [
    ([StageName.orientation, .alignment, .distillation], false), ([.calibration, .orientation, .distillation], true),
    ([.alignment, .calibration, .distillation], false), ([.orientation, .alignment], true),
  ]) func joinedPartsAreTheRunOfOneProcessBitForBit(_ stages: [StageName], _ stock: Bool) throws {
    let tiny = try TinyRun()
    let teacher = try stock ? tiny.llama() : tiny.teacher()
    let recipe = recipe(tiny, teacher) {
      $0.stages = stages
      $0.calibration.passes = 3
      $0.alignment.optimizer = .muon
      $0.calibration.evaluateEvery = 2
    }
    let whole = try tiny.distil(recipe, "whole")
    let parts = [try part(tiny, "2", recipe, "a"), try part(tiny, "0-1", recipe, "b")]
    #expect(parts.allSatisfy { !$0.isFinished })
    try RunMerge(parts.map(\.path)).write(to: tiny.path("joined"))
    let joined = try tiny.distil(recipe, "joined")
    #expect(joined.isFinished)
    try expectSameModel(whole, joined)
    #expect(try numbers(whole) == numbers(joined))
    let events = try MetricsLog.read(joined.metrics)
    #expect(events.last == .ended && events.count { if case .stageEnded = $0 { true } else { false } } == stages.count)
  }

  @Test func aPartThatIsStoppedGoesOnExactly() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, try tiny.teacher())
    try part(tiny, "0,2", recipe, "whole")
    tiny.stopAfter = 5
    #expect(throws: MohawkError.self) { try part(tiny, "0,2", recipe, "parts") }
    tiny.stopAfter = nil
    try part(tiny, "0,2", recipe, "parts")
    let last = "/checkpoint-000008/model.safetensors"
    let isSame = try tiny.bytes("whole" + last) == tiny.bytes("parts" + last)
    #expect(isSame)
    let steps = tiny.recorder.steps.count
    try part(tiny, "0,2", recipe, "parts")
    #expect(tiny.recorder.steps.count == steps && tiny.notices.last == "layers 0,2: finished already")
  }

  @Test func aPartTrainsItsLayersAlone() throws {
    let tiny = try TinyRun()
    try part(tiny, "1", recipe(tiny, try tiny.teacher()), "one")
    #expect(tiny.recorder.stages == [.orientation, .alignment])
    #expect(tiny.recorder.steps.allSatisfy { $0.perLayer![0] == 0 && $0.perLayer![1] > 0 && $0.perLayer![2] == 0 })
    #expect(tiny.notices.last?.hasSuffix("distillation follows once all layers are joined") == true)
  }

  @Test func partsWithGapsOrOverlapsAreRefused() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, try tiny.teacher()) { $0.stages = [.alignment] }
    let a = try part(tiny, "0-1", recipe, "a").path
    let b = try part(tiny, "1-2", recipe, "b").path
    func refusal(_ folders: [String]) -> String {
      let error = #expect(throws: MohawkError.self) { _ = try RunMerge(folders) }
      return error?.description ?? ""
    }
    #expect(refusal([a]).contains("none of these runs has trained layers 2"))
    #expect(refusal([a, b]).contains("layer 1 was trained here and in \(a)"))
    #expect(refusal([a, a]).contains("named twice"))
    #expect(refusal([a, tiny.path("nowhere")]).contains("there is no such folder"))
    let whole = try tiny.distil(recipe, "whole").path
    #expect(refusal([a, whole]).contains("no run of some layers"))
    tiny.stopAfter = 2
    #expect(throws: MohawkError.self) { try part(tiny, "2", recipe, "c") }
    #expect(refusal([a, tiny.path("c")]).contains("stands at step 2 of 4 of alignment"))
  }

  @Test func partsOfAnotherRecipeTeacherOrTextAreRefused() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, try tiny.teacher()) { $0.stages = [.alignment] }
    let a = try part(tiny, "0-1", recipe, "a").path
    func refusal(_ folder: String, _ change: (inout Recipe) throws -> Void) throws -> String {
      var other = recipe
      try change(&other)
      let b = try part(tiny, "2", other, folder).path
      let error = #expect(throws: MohawkError.self) { _ = try RunMerge([a, b]) }
      return error?.description ?? ""
    }
    #expect(try refusal("seed") { $0.seed = 2 }.contains("another recipe (seed is 2 and was 1)"))
    #expect(try refusal("rate") { $0.alignment.learningRate = 1e-4 }.contains("alignment.learningRate is 0.0001"))
    #expect(
      try refusal("teacher") {
        $0.teacher = try tiny.teacher("other", maxLength: 128)
      }.contains("another teacher"))
    try tiny.place.write("other.txt", TinyRun.text + " And so on.")
    #expect(try refusal("text") { $0.data.train = [tiny.path("other.txt")] }.contains("another text"))
  }

  @Test func aJoinedRunOverwritesNothing() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, try tiny.teacher()) { $0.stages = [.alignment] }
    let merge = try RunMerge([part(tiny, "0-2", recipe, "a").path])
    try tiny.place.write("full/note.txt", "mine")
    #expect(throws: MohawkError.self) { try merge.write(to: tiny.path("full")) }
    #expect(tiny.names("full") == ["note.txt"])
  }

  @Test func aFolderKeepsToItsLayers() throws {
    let tiny = try TinyRun()
    let recipe = recipe(tiny, try tiny.teacher()) { $0.stages = [.alignment, .distillation] }
    try part(tiny, "0-1", recipe, "a")
    func refusal(_ layers: String?, _ folder: String) -> String {
      let error = #expect(throws: MohawkError.self) {
        if let layers { try part(tiny, layers, recipe, folder) } else { try tiny.distil(recipe, folder) }
      }
      return error?.description ?? ""
    }
    #expect(refusal("2", "a").contains("this folder holds layers 0-1 of a run alone"))
    #expect(refusal(nil, "a").contains("mohawk merge"))
    try tiny.distil(recipe, "whole")
    #expect(refusal("0", "whole").contains("a run of all layers"))
  }

  @Test func whatCannotBeDividedIsRefusedBeforeTraining() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    func refusal(_ layers: String, _ change: (inout Recipe) -> Void) -> String {
      let error = #expect(throws: MohawkError.self) { try part(tiny, layers, recipe(tiny, teacher, change), "run") }
      return error?.description ?? ""
    }
    #expect(refusal("0") { $0.alignment.clipPerLayer = false }.contains("--set alignment.clipPerLayer=true"))
    #expect(refusal("0") { $0.stages = [.distillation] }.contains("trains the whole student"))
    #expect(refusal("0-3") { _ in }.contains("there is no layer 3: the model has 3"))
    #expect(refusal("1") { $0.student.attentionLayers = [1] }.contains("choose among 0,2"))
    #expect(tiny.recorder.steps.isEmpty)
  }

  @Test func layersAreWrittenAsRanges() throws {
    for text in ["0", "0-5", "0-2,7", "3,5,7-8"] { #expect(try LayerPart(text).description == text) }
    #expect(try LayerPart("2,0,1").description == "0-2")
    for text in ["", "a", "1-", "-1", "5-3", "1,1", "0-2,2", "1--2", "0-999999999"] {
      #expect(throws: MohawkError.self, "\(text)") { try LayerPart(text) }
    }
  }

  @Test func clippingLayerByLayerBoundsEachLayer() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    func weights(_ folder: String, _ perLayer: Bool) throws -> [Float] {
      let run = try tiny.distil(
        recipe(tiny, teacher) {
          $0.stages = [.alignment]
          $0.alignment.clipPerLayer = perLayer
        }, folder)
      return try Decoder.open(run.model).parameters.all.flatMap { $0.value.floats() }
    }
    let differ = try weights("together", false) != weights("apart", true)
    #expect(differ)
  }
}
