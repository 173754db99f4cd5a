import Testing

@testable import MohawkRecipes

@Suite struct BudgetTests {
  @Test func aTotalIsSharedAsTheBudgetsAreInWholeBatches() throws {
    var recipe = try #require(Recipe.named("published"))
    #expect(recipe.tokens == 153_600 + 153_600)
    recipe.divide(tokens: 200_000)
    #expect(recipe.alignment.tokens == 195 * 512 && recipe.distillation.tokens == 195 * 512)
    #expect(recipe.orientation == Recipe().orientation)
    #expect(recipe.distillation.batchTokens == 512)
    recipe.divide(tokens: 1)
    #expect(recipe.alignment.tokens == 512 && recipe.distillation.tokens == 512)
    try recipe.validate()
  }

  @Test func aSmallShareOfTheBudgetsKeepsStepsRatherThanBatches() throws {
    var recipe = try #require(Recipe.named("mohawk-paper"))
    recipe.data.sequenceLength = 512
    recipe.divide(tokens: 300_000)
    #expect(recipe.orientation.batchTokens == 512 && recipe.orientation.steps == 16)
    #expect(recipe.alignment.batchTokens == 512 && recipe.alignment.steps == 31)
    #expect(recipe.distillation.batchTokens == 4096 && recipe.distillation.steps == 67)
    recipe.teacher = "teacher"
    try recipe.validate()
  }

  @Test func aCalibrationKeepsItsTokensAndItsPasses() throws {
    var recipe = Recipe()
    recipe.stages = [.calibration, .alignment, .distillation]
    (recipe.data.sequenceLength, recipe.alignment.tokens, recipe.distillation.tokens) = (512, 10_000, 90_000)
    recipe.divide(tokens: 108_192)
    #expect(recipe.calibration == Recipe().calibration)
    #expect(recipe.alignment.tokens == 10_240 && recipe.distillation.tokens == 90_112)
    recipe.divide(tokens: 8_192)
    #expect(recipe.calibration.tokens == 4_096 && recipe.calibration.steps == 160)
  }
}
