import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@testable import MohawkDistillation

/// Training whose backward pass computes layers a second time, against training that keeps what they compute.
@Suite struct ActivationCheckpointingTests {
  @Test(arguments: LossCurve.whole) func everyStepLosesTheSame(_ curve: LossCurve) throws {
    let kept = try curve.losses()
    let found = try LossCurve.$recomputes.withValue(true) { try curve.losses() }
    #expect(found == kept && found.count == LossCurve.steps)
  }

  @Test func statesAfterBlocksAreComparedTheSame() throws {
    let tiny = try TinyPair { ($0.window, $0.sinks) = (4, 2) }
    func gradients(_ recomputes: Bool) throws -> (Tensor, [Tensor]) {
      var plan = TinyPair.plan(.mixer)
      (plan.loss.compares, plan.activationCheckpointing) = (.hidden, recomputes)
      let stage = try HiddenStateStage(.distillation, tiny.pair, plan)
      try stage.begin()
      let loss = try stage.accumulate(TinyPair.tokens(), share: 1).total
      return (loss, stage.parameters.compactMap { $0.value.gradient?.copy() })
    }
    let (kept, wanted) = try gradients(false)
    let (loss, found) = try gradients(true)
    #expect(loss.isIdentical(to: kept) && found.count == wanted.count && !found.isEmpty)
    for (mine, theirs) in zip(found, wanted) { #expect(mine.isIdentical(to: theirs)) }
  }
}
