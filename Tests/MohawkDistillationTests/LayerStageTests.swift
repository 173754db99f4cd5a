import MohawkDistillation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

/// Stages 1 and 2, which go through the layers one by one, against one graph built the obvious way.
@Suite struct LayerStageTests {
  private func frobenius(_ a: Tensor, _ b: Tensor) -> Tensor { (a - b).square().sum(over: -2, -1).sqrt().mean() }
  private func distance(_ a: Tensor, _ b: Tensor) -> Tensor { (a - b).square().sum(over: -1).sqrt().mean() }

  /// The losses of all layers that are compared, from one pass of the teacher with everything kept.
  private func obvious(
    _ tiny: TinyPair, _ ids: Tensor, keeping kept: Set<Int> = [], _ loss: (any Block, any Block, Tensor) -> Tensor
  ) -> [Tensor] {
    tiny.teacherInputs(ids).enumerated().filter { !kept.contains($0.offset) }.map { layer, hidden in
      loss(tiny.student.blocks[layer], tiny.teacher.blocks[layer], hidden)
    }
  }

  private func matrices(_ student: any Block, _ teacher: any Block, _ hidden: Tensor) -> Tensor {
    frobenius(
      student.mixer.matrix(of: student.mixerInput(hidden)), teacher.mixer.matrix(of: teacher.mixerInput(hidden)))
  }

  private func outputs(_ student: any Block, _ teacher: any Block, _ hidden: Tensor) -> Tensor {
    distance(student.mixer(student.mixerInput(hidden)), teacher.mixer(teacher.mixerInput(hidden)))
  }

  /// [batch, heads, 1, length]
  private func valueLengths<Mixer: SequenceMixer>(_ mixer: Mixer, _ x: Tensor) -> Tensor {
    mixer.values(mixer.operands(x, for: .mixing)).square().sum(over: -1).sqrt().transposed(1, 2).unsqueezed(2)
  }

  private func check(
    _ stage: any TrainingStage, _ tiny: TinyPair, keeping kept: Set<Int> = [],
    _ loss: (any Block, any Block, Tensor) -> Tensor
  ) throws {
    try stage.begin()
    let tokens = TinyPair.tokens()
    let ids = tokens.narrowed(1, from: 0, length: 11)
    let result = try stage.accumulate(tokens, share: 1)
    let losses = obvious(tiny, ids, keeping: kept, loss)
    let compared = (0..<tiny.student.blocks.count).filter { !kept.contains($0) }
    #expect(result.perLayer.count == tiny.student.blocks.count)
    for (layer, wanted) in zip(compared, losses) {
      #expect(abs(result.perLayer[layer].item() - wanted.item()) < 1e-12 * wanted.item(), "layer \(layer)")
    }
    for layer in kept { #expect(result.perLayer[layer].item() == 0) }
    #expect(abs(result.total.item() - losses.reduce(0) { $0 + $1.item() }) < 1e-11)

    let whole = losses.dropFirst().reduce(losses[0]) { $0 + $1 }
    let gradients = whole.gradients(of: stage.parameters.map(\.value))
    for (parameter, wanted) in zip(stage.parameters, gradients) {
      let found = try #require(parameter.value.gradient, "\(parameter.name)")
      #expect(found.error(from: try #require(wanted)) < 1e-10, "\(parameter.name)")
      #expect(found.rms > 0, "\(parameter.name)")
    }
    for parameter in tiny.teacher.parameters.all {
      #expect(!parameter.value.requiresGradient && parameter.value.gradient == nil)
    }
  }

  @Test func orientationLayerByLayerIsTheWholeGraph() throws {
    let tiny = try TinyPair()
    try check(try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), tiny, matrices)
  }

  @Test(arguments: [TrainedPart.mixer, .matrix]) func alignmentLayerByLayerIsTheWholeGraph(_ part: TrainedPart) throws {
    let tiny = try TinyPair { $0.qkHeads = 2 }
    try check(try LayerStage.alignment(tiny.pair, TinyPair.plan(part)), tiny, outputs)
  }

  @Test(arguments: [[0], [1], [2], [0, 2]]) func keptLayersAreSkipped(_ kept: [Int]) throws {
    let tiny = try TinyPair { $0.attentionLayers = kept }
    #expect(tiny.pair.keptLayers == Set(kept))
    try check(
      try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), tiny, keeping: Set(kept), matrices)
    try check(
      try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tiny, keeping: Set(kept), outputs)
  }

  @Test func mamba2StudentsLearnTheSameWay() throws {
    let tiny = try TinyPair(of: TinyPair.llama()) { $0.attentionLayers = [1] }
    try check(try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), tiny, keeping: [1], matrices)
    try check(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tiny, keeping: [1], outputs)
  }

  /// A matrix for each channel: each of the six of a head is compared with that head's.
  @Test func allChannelsAreHeldToTheMatrixOfTheirHead() throws {
    let tiny = try TinyPair(of: TinyPair.llama()) { ($0.mixer, $0.attentionLayers) = (.init(rawValue: "mamba"), [1]) }
    #expect(tiny.student.blocks[0].mixer.heads == 24 && !tiny.pair.hasEqualHeads)
    func channels(_ student: any Block, _ teacher: any Block, _ hidden: Tensor) -> Tensor {
      let own = student.mixer.matrix(of: student.mixerInput(hidden))
      let wanted = teacher.mixer.matrix(of: teacher.mixerInput(hidden))
      let distances = (0..<24).map { channel in
        frobenius(own.selected(1, channel), wanted.selected(1, channel / 6))
      }
      return Tensor.stacked(distances).mean()
    }
    try check(try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), tiny, keeping: [1], channels)
    try check(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tiny, keeping: [1], outputs)

    var weighted = TinyPair.plan(.matrix)
    weighted.loss.columns = .values
    try check(try LayerStage.orientation(tiny.pair, weighted), tiny, keeping: [1]) { student, teacher, hidden in
      let lengths = valueLengths(teacher.mixer, teacher.mixerInput(hidden))
      let own = student.mixer.matrix(of: student.mixerInput(hidden))
      let wanted = teacher.mixer.matrix(of: teacher.mixerInput(hidden))
      let distances = (0..<24).map { channel in
        frobenius(
          own.selected(1, channel) * lengths.selected(1, channel / 6),
          wanted.selected(1, channel / 6) * lengths.selected(1, channel / 6))
      }
      return Tensor.stacked(distances).mean()
    }
  }

  @Test func aMixerWithoutMLPLearnsTheWholeBlock() throws {
    let tiny = try TinyPair(of: TinyPair.llama()) { $0.keepsMLPs = false }
    try check(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tiny) { student, teacher, hidden in
      distance(student.mixer(student.mixerInput(hidden)), teacher(hidden) - hidden)
    }
    try check(try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), tiny, matrices)
  }

  @Test func sharesOfAMicroBatchAddUp() throws {
    let tiny = try TinyPair()
    let stages: [any TrainingStage] = [
      try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)),
      try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)),
      try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all)),
      try Pretraining(tiny.student, TinyPair.plan(.all)),
    ]
    let tokens = TinyPair.tokens()
    for stage in stages {
      try stage.begin()
      let whole = try stage.accumulate(tokens, share: 1).total.item()
      let gradients = stage.parameters.map { $0.value.gradient!.copy() }
      try stage.begin()  // also drops the gradients
      #expect(stage.parameters.allSatisfy { $0.value.gradient == nil })
      let first = try stage.accumulate(tokens.narrowed(0, from: 0, length: 1), share: 1 / 3).total.item()
      let rest = try stage.accumulate(tokens.narrowed(0, from: 1, length: 2), share: 2 / 3).total.item()
      #expect(abs(first / 3 + rest * 2 / 3 - whole) < 1e-11)
      for (parameter, wanted) in zip(stage.parameters, gradients) {
        #expect(parameter.value.gradient!.error(from: wanted) < 1e-10, "\(stage.name) \(parameter.name)")
      }
    }
  }

  @Test(arguments: [Int?.none, 600, 1200], [true, false])
  func theLoopCutsABatchAsSmallAsPlanAndStageSay(_ micro: Int?, _ orienting: Bool) throws {
    let tokens = TinyPair.tokens(40, 60)  // more than a stage likes: 34 and 6 sequences
    func step(_ cut: Bool) throws -> (StepRecord, [Tensor], [Int]) {
      let tiny = try TinyPair()
      var plan = TinyPair.plan(orienting ? .matrix : .mixer)
      (plan.tokens, plan.batchTokens, plan.microBatchTokens) = (2400, 2400, micro)
      let stage = Watched(
        orienting ? try LayerStage.orientation(tiny.pair, plan) : try LayerStage.alignment(tiny.pair, plan), cut: cut)
      let records = Records()
      try TrainingLoop(recipe: Recipe(), stages: [stage], store: nil, listeners: [records]) { _, _ in
        TrainingBatch(tokens)
      }.run()
      return (records.all[0], stage.parameters.map { $0.value.detached().copy() }, stage.rows)
    }
    let (whole, wanted, uncut) = try step(false)
    let (found, weights, parts) = try step(true)
    let planned = micro.map { $0 / 60 } ?? 40
    #expect(uncut == Array(repeating: planned, count: 40 / planned))
    #expect(parts == (micro == nil ? [34, 6] : uncut))
    #expect(abs(found.loss - whole.loss) < 1e-10 && found.perLayer?.count == 3)
    for (layer, loss) in found.perLayer!.enumerated() { #expect(abs(loss - whole.perLayer![layer]) < 1e-10) }
    #expect(abs(found.gradientNorm - whole.gradientNorm) < 1e-10 * whole.gradientNorm)
    for (weight, wanted) in zip(weights, wanted) { #expect(weight.error(from: wanted) < 1e-9) }
  }

  @Test func eachStageMovesWhatItShouldAndNothingElse() throws {
    let matrixParts = ["in_proj.bc", "in_proj.a_log", "conv1d.bc.weight", "conv1d.bc.bias", "D"]
    let mixerParts =
      matrixParts + ["in_proj.x", "in_proj.z", "z_bias", "conv1d.x.weight", "conv1d.x.bias", "out_proj.weight"]
    func names(_ parts: [String]) -> Set<String> {
      Set([0, 2].flatMap { layer in parts.map { "layers.\(layer).mixer.\($0)" } })
    }
    let tiny = try TinyPair { $0.attentionLayers = [1] }
    let everything = Set(tiny.student.parameters.all.map(\.name))
    let cases: [(stage: any TrainingStage, moves: Set<String>)] = [
      (try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)), names(matrixParts)),
      (try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), names(mixerParts)),
      (try KnowledgeDistillation(tiny.pair, TinyPair.plan(.mixer)), names(mixerParts)),
      (try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all)), everything),
    ]
    let teacher = tiny.teacher.parameters.copies
    for (stage, moves) in cases {
      let before = tiny.student.parameters.copies
      let loop = TrainingLoop(recipe: Recipe(), stages: [stage], store: nil) { _, _ in
        TrainingBatch(TinyPair.tokens())
      }
      try loop.run()
      #expect(tiny.student.parameters.changed(since: before) == moves, "\(stage.name) \(stage.plan.trains)")
      #expect(tiny.teacher.parameters.changed(since: teacher) == [])
      #expect(stage.saved.count == everything.count)
    }
  }

  @Test func lossesFallWhenTrained() throws {
    let tiny = try TinyPair(dtype: .float32)
    for stage in [
      try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix, steps: 25)) as any TrainingStage,
      try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer, steps: 25)),
      try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all, steps: 25)),
    ] {
      let losses = Losses()
      try TrainingLoop(recipe: Recipe(), stages: [stage], store: nil, listeners: [losses]) { _, _ in
        TrainingBatch(TinyPair.tokens())
      }.run()
      // What remains of the soft cross-entropy when both models agree.
      let least = stage.name == .distillation ? entropy(tiny.teacher) : 0
      let (first, last) = (losses.all.first! - least, losses.all.last! - least)
      #expect(last < 0.9 * first, "\(stage.name): \(first) \(last)")
    }
  }

  private func entropy(_ model: Decoder) -> Double {
    withoutGradients {
      let logits = model(TinyPair.tokens().narrowed(1, from: 0, length: 11))
      return -(logits.softmax(-1) * logits.logSoftmax(-1)).sum(over: -1).mean().item()
    }
  }

  @Test func aStageRefusesToTrainWhatItsLossDoesNotReach() throws {
    let tiny = try TinyPair()
    func refused(_ part: TrainedPart, _ key: String, _ make: (StageRecipe) throws -> any TrainingStage) {
      let error = #expect(throws: MohawkError.self) { try make(TinyPair.plan(part)) }
      #expect(error?.location == key)
    }
    refused(.mixer, "orientation.trains") { try LayerStage.orientation(tiny.pair, $0) }
    refused(.all, "orientation.trains") { try LayerStage.orientation(tiny.pair, $0) }
    refused(.all, "alignment.trains") { try LayerStage.alignment(tiny.pair, $0) }
    refused(.matrix, "distillation.trains") { try KnowledgeDistillation(tiny.pair, $0) }
    refused(.mixer, "pretraining.trains") { try Pretraining(tiny.student, $0) }
  }

  @Test func aStudentWithoutMixersOfItsOwnHasNothingToOrient() throws {
    let tiny = try TinyPair { $0.attentionLayers = [0, 1, 2] }
    let error = #expect(throws: MohawkError.self) {
      try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)).begin()
    }
    #expect(error?.message.contains("keeps the teacher's mixer in every layer") == true)
  }

  @Test func otherHeadsThanTheTeachersCannotBeOriented() throws {
    let tiny = try TinyPair {
      $0.vHeads = 2
      $0.attentionLayers = [0]
    }
    let error = #expect(throws: MohawkError.self) { try LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)) }
    #expect(error?.message == "in layer 1 the teacher has 4 matrices and the student 2")
    #expect(error?.remedy?.contains("v heads") == true)
    try check(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tiny, keeping: [0], outputs)
  }

  @Test func distancesAreThoseOfTheLosses() throws {
    let tiny = try TinyPair { $0.attentionLayers = [1] }
    let (first, second) = (TinyPair.tokens(2, 9), TinyPair.tokens(1, 14))
    let distances = LayerDistances.measure(tiny.pair, [first, second])
    for (index, layer) in [0, 2].enumerated() {
      let matrix = [first, second].map { obvious(tiny, $0, keeping: [1], matrices)[index].item() }
      let output = [first, second].map { obvious(tiny, $0, keeping: [1], outputs)[index].item() }
      #expect(abs(distances.matrices[layer]! - (matrix[0] + matrix[1]) / 2) < 1e-12)
      #expect(abs(distances.outputs[layer]! - (output[0] + output[1]) / 2) < 1e-12)
    }
    #expect(distances.matrices[1] == nil && distances.outputs[1] == nil)
    #expect(distances.matrixErrors[1] == nil && distances.outputErrors[1] == nil)
    #expect([0, 2].allSatisfy { distances.matrixErrors[$0]! > 0 && distances.outputErrors[$0]! > 0 })
    // The matrices of the first row, written out.
    let error: Double = withoutGradients {
      let hidden = tiny.pair.teacher.embed(first.narrowed(0, from: 0, length: 1))
      let (teacher, student) = (tiny.pair.teacher.blocks[0], tiny.pair.student.blocks[0])
      let wanted = teacher.mixer.factoredMatrix(of: teacher.mixerInput(hidden)).whole()
      let found = student.mixer.factoredMatrix(of: student.mixerInput(hidden)).whole()
      let difference = found - wanted
      return ((difference * difference).sum().item() / (wanted * wanted).sum().item()).squareRoot()
    }
    #expect(abs(LayerDistances.measure(tiny.pair, [first]).matrixErrors[0]! - error) < 1e-9)
    // A mixer that puts out nothing is as far away as the teacher's output is large.
    let silent = try TinyPair { $0.attentionLayers = [1] }
    withoutGradients {
      for name in ["out_proj.weight", "out_proj.bias"] {
        silent.pair.student.parameters["layers.0.mixer.\(name)"]?.value.fill(0)
      }
    }
    #expect(abs(LayerDistances.measure(silent.pair, [first]).outputErrors[0]! - 1) < 1e-9)
    let narrow = try TinyPair { $0.vHeads = 2 }
    let other = LayerDistances.measure(narrow.pair, [first])
    #expect(other.matrices.allSatisfy { $0 == nil } && other.outputs.allSatisfy { $0 != nil })
    #expect(LayerDistances.mean([nil, 2, 4]) == 3 && LayerDistances.mean([nil]) == nil)
  }
}

/// A stage that notes the rows of each micro-batch, and may leave them uncut.
private final class Watched: TrainingStage {
  let inner: LayerStage
  let cut: Bool
  private(set) var rows: [Int] = []

  init(_ inner: LayerStage, cut: Bool) { (self.inner, self.cut) = (inner, cut) }

  var name: StageName { inner.name }
  var plan: StageRecipe { inner.plan }
  var parameters: [Parameter] { inner.parameters }
  var rates: [Double] { inner.rates }
  var saved: [Parameter] { inner.saved }
  func begin() throws { try inner.begin() }
  func rowsAtOnce(length: Int) -> Int? { cut ? inner.rowsAtOnce(length: length) : nil }
  func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    rows.append(batch.tokens.size(0))
    return try inner.accumulate(batch, share: share)
  }
}

/// The steps of a run.
private final class Records: TrainingListener {
  var all: [StepRecord] = []
  func receive(_ event: TrainingEvent) { if case .step(let record) = event { all.append(record) } }
}

/// The losses of a run.
final class Losses: TrainingListener {
  var all: [Double] = []
  func receive(_ event: TrainingEvent) { if case .step(let record) = event { all.append(record.loss) } }
}
