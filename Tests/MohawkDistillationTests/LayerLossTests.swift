import MohawkDistillation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

/// The losses of layers that a recipe may ask for, against their definitions written out.
@Suite struct LayerLossTests {
  static let losses = LayerDistance.allCases.flatMap { distance in
    [false, true].filter { !$0 || distance != .cosine }.flatMap { relative in
      MatrixColumns.allCases.map { columns in
        var plan = TinyPair.plan(.mixer)
        (plan.loss.distance, plan.loss.relative, plan.loss.columns) = (distance, relative, columns)
        return plan
      }
    }
  }
  static let plain = losses.filter { $0.loss.columns == .equal }

  /// The mean over vectors, [.., size], of their distances as the plan's loss defines it.
  private func oracle(_ student: Tensor, _ teacher: Tensor, _ plan: StageRecipe) -> Tensor {
    func size(_ tensor: Tensor) -> Tensor {
      let squares = tensor.square().sum(over: -1)
      return plan.loss.distance == .norm ? squares.sqrt() : squares
    }
    if plan.loss.distance == .cosine {
      let lengths = (student.square().sum(over: -1) * teacher.square().sum(over: -1)).sqrt()
      return (-((student * teacher).sum(over: -1) / lengths) + 1).mean()
    }
    let loss = size(student - teacher).mean()
    return plan.loss.relative ? loss / size(teacher).mean() : loss
  }

  private func flat(_ matrix: Tensor) -> Tensor { matrix.reshaped(matrix.size(0), matrix.size(1), -1) }

  /// Compares losses and gradients of a stage with those of layers written out.
  private func check(_ stage: any TrainingStage, _ losses: [Tensor], scale: Double = 1) throws {
    let result = try stage.accumulate(TinyPair.tokens(), share: 1)
    #expect(result.perLayer.count == losses.count)
    for (found, wanted) in zip(result.perLayer, losses) {
      #expect(abs(found.item() - wanted.item()) < 1e-11 * scale * max(wanted.item(), 1e-3))
    }
    let whole = losses.dropFirst().reduce(losses[0], +)
    for (parameter, wanted) in zip(stage.parameters, whole.gradients(of: stage.parameters.map(\.value))) {
      #expect(parameter.value.gradient!.error(from: wanted!) < 1e-9 * scale && parameter.value.gradient!.rms > 0)
    }
  }

  private func check(_ stage: any TrainingStage, _ tiny: TinyPair, _ layer: (any Block, any Block, Tensor) -> Tensor)
    throws
  {
    try stage.begin()
    let inputs = tiny.teacherInputs(TinyPair.tokens().narrowed(1, from: 0, length: 11))
    try check(stage, inputs.indices.map { layer(tiny.student.blocks[$0], tiny.teacher.blocks[$0], inputs[$0]) })
  }

  @Test(arguments: plain) func outputsAreComparedAsTheRecipeSays(_ plan: StageRecipe) throws {
    let tiny = try TinyPair()
    try check(try LayerStage.alignment(tiny.pair, plan), tiny) { student, teacher, hidden in
      let target = teacher.mixer(teacher.mixerInput(hidden))
      return oracle(student.mixer(student.mixerInput(hidden)), target, plan)
    }
  }

  @Test(arguments: plain, [TinyPair.shape(), TinyPair.llama()])
  func blocksAreComparedAsTheRecipeSays(_ plan: StageRecipe, _ shape: DecoderConfiguration) throws {
    var plan = plan
    plan.loss.compares = .block
    let tiny = try TinyPair(of: shape)
    try check(try LayerStage(.alignment, tiny.pair, plan), tiny) { student, teacher, hidden in
      oracle(student(hidden) - hidden, teacher(hidden) - hidden, plan)
    }
  }

  @Test func aBlockWithoutMLPsIsComparedWithTheWholeBlock() throws {
    var plan = TinyPair.plan(.mixer)
    let tiny = try TinyPair(of: TinyPair.llama()) { $0.keepsMLPs = false }
    let output = try LayerStage.alignment(tiny.pair, plan)
    plan.loss.compares = .block
    let block = try LayerStage(.alignment, tiny.pair, plan)
    let losses = try [output, block].map { stage in
      try stage.begin()
      return try stage.accumulate(TinyPair.tokens(), share: 1).total.item() as Double
    }
    #expect(abs(losses[0] - losses[1]) < 1e-11)
  }

  @Test(arguments: plain) func hiddenStatesAreComparedAsTheRecipeSays(_ plan: StageRecipe) throws {
    var plan = plan
    plan.loss.compares = .hidden
    for kept in [[], [0], [1], [2]] {
      let tiny = try TinyPair { $0.attentionLayers = kept }
      let stage = try HiddenStateStage(.alignment, tiny.pair, plan)
      try stage.begin()
      let ids = TinyPair.tokens().narrowed(1, from: 0, length: 11)
      // Streams before the first mixer are equal; a kept layer behind one is compared.
      var (own, wanted) = (tiny.student.embed(ids), withoutGradients { tiny.teacher.embed(ids) })
      let losses = (0..<3).map { layer in
        own = tiny.student.blocks[layer](own)
        wanted = withoutGradients { tiny.teacher.blocks[layer](wanted) }
        return kept == [0] && layer == 0 ? Tensor.scalar(0, .float64) : oracle(own, wanted, plan)
      }
      try check(stage, losses, scale: 10)
      #expect(tiny.teacher.parameters.all.allSatisfy { $0.value.gradient == nil })
    }
  }

  @Test(arguments: losses) func matricesAreComparedAsTheRecipeSays(_ plan: StageRecipe) throws {
    var plan = plan
    plan.trains = .matrix
    let tiny = try TinyPair(kvHeads: 2)
    try check(try LayerStage.orientation(tiny.pair, plan), tiny) { student, teacher, hidden in
      let attention = teacher.mixer as! Attention
      let operands = attention.operands(teacher.mixerInput(hidden), for: .mixing)
      var target = attention.matrix(operands)
      var found = student.mixer.matrix(of: student.mixerInput(hidden))
      if plan.loss.columns == .values {
        let lengths = attention.values(operands).square().sum(over: -1).sqrt().transposed(1, 2).unsqueezed(-2)
        (target, found) = (target * lengths, found * lengths)
      }
      return oracle(flat(found), flat(target), plan)
    }
  }

  @Test func theSizeOfAnOutputDoesNotCountForTheCosine() {
    var loss = LayerLoss()
    loss.distance = .cosine
    let noise = RandomGenerator(seed: 1)
    let (a, b) = (noise.normal([2, 5, 7], .float64), noise.normal([2, 5, 7], .float64))
    let distance = loss.outputs(student: a, teacher: b).item()
    #expect(abs(loss.outputs(student: a * 8, teacher: b * 0.25).item() - distance) < 1e-12 && distance > 0.1)
    #expect(abs(loss.outputs(student: b * 3, teacher: b).item()) < 1e-12)
    #expect(abs(loss.outputs(student: b * -3, teacher: b).item() - 2) < 1e-12)
    // Nothing has no direction: no number that is not finite comes of it.
    let nothing = Tensor.zeros([2, 5, 7], .float64).leaf()
    let lost = loss.outputs(student: nothing, teacher: b)
    lost.backward()
    #expect(lost.item() == 1 && nothing.gradient!.isAllFinite)
  }

  @Test(arguments: ComparedPart.allCases) func aStageRefusesALossThatIsNotItsOwn(_ part: ComparedPart) throws {
    let tiny = try TinyPair()
    var plan = TinyPair.plan(part.trainable[0])
    plan.loss = LossRecipe(part)
    let makers: [([ComparedPart], () throws -> any TrainingStage)] = [
      ([.matrix, .output, .block], { try LayerStage(.alignment, tiny.pair, plan) }),
      ([.hidden], { try HiddenStateStage(.alignment, tiny.pair, plan) }),
      ([.logits], { try KnowledgeDistillation(tiny.pair, plan, as: .alignment) }),
    ]
    for (parts, make) in makers {
      if parts.contains(part) {
        let stage = try make()
        #expect(stage.name == .alignment)
      } else {
        let error = #expect(throws: MohawkError.self) { try make() }
        #expect(error?.location == "alignment.compares" && error?.message.contains(part.rawValue) == true)
      }
    }
    plan.loss.distance = .cosine
    plan.loss.relative = true
    for (_, make) in makers { #expect(throws: MohawkError.self) { try make() } }
  }

  @Test(arguments: [LayerDistance.norm, .squared]) func relativeToTheTeacherNothingAtAllHasOne(
    _ distance: LayerDistance
  ) {
    var loss = LayerLoss()
    (loss.distance, loss.relative) = (distance, true)
    let target = RandomGenerator(seed: 1).normal([2, 5, 7], .float64)
    let nothing = Tensor.zeros([2, 5, 7], .float64)
    #expect(abs(loss.outputs(student: nothing, teacher: target).item() - 1) < 1e-12)
    #expect(loss.outputs(student: target, teacher: nothing).item().isFinite)
    let matrices = MixerMatrix { RandomGenerator(seed: 1).normal([1, 2, 5, 5], .float64) }
    let zero = MixerMatrix { Tensor.zeros([1, 2, 5, 5], .float64) }
    #expect(abs(loss.matrices(student: zero, teacher: matrices).item() - 1) < 1e-12)
  }
}
