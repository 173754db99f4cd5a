import MohawkDistillation
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
    [false, true].flatMap { relative in
      MatrixColumns.allCases.map { columns in
        var plan = TinyPair.plan(.mixer)
        (plan.distance, plan.relative, plan.columns) = (distance, relative, columns)
        return plan
      }
    }
  }

  /// Sums of squares to the mean of norms or of squares.
  private func mean(_ squares: Tensor, _ plan: StageRecipe) -> Tensor {
    (plan.distance == .norm ? squares.sqrt() : squares).mean()
  }

  private func check(_ stage: any TrainingStage, _ tiny: TinyPair, _ layer: (any Block, any Block, Tensor) -> Tensor)
    throws
  {
    try stage.begin()
    let tokens = TinyPair.tokens()
    let result = try stage.accumulate(tokens, share: 1)
    let losses = tiny.teacherInputs(tokens.narrowed(1, from: 0, length: 11)).enumerated().map {
      layer(tiny.student.blocks[$0.offset], tiny.teacher.blocks[$0.offset], $0.element)
    }
    for (found, wanted) in zip(result.perLayer, losses) {
      #expect(abs(found.item() - wanted.item()) < 1e-11 * wanted.item())
    }
    let whole = losses[0] + losses[1] + losses[2]
    for (parameter, wanted) in zip(stage.parameters, whole.gradients(of: stage.parameters.map(\.value))) {
      #expect(parameter.value.gradient!.error(from: wanted!) < 1e-9 && parameter.value.gradient!.rms > 0)
    }
  }

  @Test(arguments: losses.filter { $0.columns == .equal }) func outputsAreComparedAsTheRecipeSays(_ plan: StageRecipe)
    throws
  {
    let tiny = try TinyPair()
    try check(try HiddenStateAlignment(tiny.pair, plan), tiny) { student, teacher, hidden in
      let target = teacher.mixer(teacher.mixerInput(hidden))
      let difference = student.mixer(student.mixerInput(hidden)) - target
      let loss = mean(difference.square().sum(over: -1), plan)
      return plan.relative ? loss / mean(target.square().sum(over: -1), plan) : loss
    }
  }

  @Test(arguments: losses) func matricesAreComparedAsTheRecipeSays(_ plan: StageRecipe) throws {
    var plan = plan
    plan.trains = .matrix
    let tiny = try TinyPair(kvHeads: 2)
    try check(try MatrixOrientation(tiny.pair, plan), tiny) { student, teacher, hidden in
      let attention = teacher.mixer as! Attention
      let operands = attention.operands(teacher.mixerInput(hidden), for: .mixing)
      var target = attention.matrix(operands)
      var difference = student.mixer.matrix(of: student.mixerInput(hidden)) - target
      if plan.columns == .values {
        let lengths = attention.values(operands).square().sum(over: -1).sqrt().transposed(1, 2).unsqueezed(-2)
        (target, difference) = (target * lengths, difference * lengths)
      }
      let loss = mean(difference.square().sum(over: -2, -1), plan)
      return plan.relative ? loss / mean(target.square().sum(over: -2, -1), plan) : loss
    }
  }

  @Test(arguments: LayerDistance.allCases) func relativeToTheTeacherNothingAtAllHasOne(_ distance: LayerDistance) {
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
