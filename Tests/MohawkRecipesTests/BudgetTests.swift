import Testing

@testable import MohawkRecipes

@Suite struct BudgetTests {
  @Test func aTotalIsSharedAsTheBudgetsAreInWholeBatches() throws {
    var recipe = try #require(Recipe.named("published"))
    #expect(recipe.tokens == 25_600 + 204_800)
    recipe.divide(tokens: 300_000)
    #expect(recipe.alignment.tokens == 65 * 512 && recipe.distillation.tokens == 260 * 1_024)
    #expect(recipe.orientation == Recipe().orientation)
    recipe.divide(tokens: 1)
    #expect(recipe.alignment.tokens == 512 && recipe.distillation.tokens == 1_024)
  }
}
