import MohawkDistillation
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import Testing

@testable import MohawkRuns

@Suite struct StageCostTests {
  private let teacher = Decoder.fresh(
    .phi(
      vocabulary: 320, modelDim: 32, mlpDim: 128,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: 32, heads: 4, kvHeads: 4, headDim: 8, rotaryDim: 4, maxLength: 64, bias: true),
        count: 3)), seed: 3)

  private func cost(
    _ stage: StageName, kept: [Int] = [], heads: [AttentionHead] = [], teacherRuns: Bool = true,
    recomputing: Bool = false
  ) throws -> Double {
    var plan = Recipe()[stage]
    plan.activationCheckpointing = recomputing
    var recipe = StudentRecipe()
    recipe.stateDim = 8
    (recipe.attentionLayers, recipe.attentionHeads) = (kept, heads)
    recipe.mixer = .discreteMamba2
    let student = Decoder.fresh(try teacher.configuration.student(recipe), seed: 4)
    let pair = try DistillationPair(teacher: teacher, student: student)
    return StageCost(
      stage, plan, pair, of: teacher.configuration, length: 16, teacherRuns: teacherRuns
    ).operations
  }

  @Test func stagesCostWhatTheirWeightsDo() throws {
    // By hand: a layer's attention has four matrices of 32 × 32, its MLP two of 32 × 128; a mixer x, B and C, z, the
    // output projection (five matrices of 32 × 32) and four rows of decays. Attention looks at 8 tokens in the mean.
    let (attention, mlp, mixer) = (4.0 * 32 * 32, 2.0 * 32 * 128, 5.0 * 32 * 32 + 4 * 32)
    let (head, looks) = (320.0 * 32, 4.0 * 8 * 32)
    let forwards = 3 * (2 * (attention + mlp) + looks)
    #expect(try cost(.alignment) == forwards + 6 * 3 * mixer)
    #expect(try cost(.alignment, teacherRuns: false) == 6 * 3 * mixer)
    #expect(try cost(.calibration) == 6 * 3 * mixer)
    #expect(try cost(.alignment, kept: [1]) == forwards + 6 * 2 * mixer)
    #expect(try cost(.distillation) == forwards + 2 * head + 6 * (3 * (mixer + mlp) + head))
    #expect(
      try cost(.distillation, recomputing: true) == forwards + 2 * head + 8 * 3 * (mixer + mlp) + 6 * head)
    #expect(try cost(.orientation) > (try cost(.alignment)))
    // Two heads of a layer of four have the queries and keys of 16 rows each, and half of what a layer looks at.
    let heads = [AttentionHead(layer: 1, head: 0), AttentionHead(layer: 1, head: 3)]
    let kept = 6 * 2 * 16.0 * 32 + 3 * looks / 2
    #expect(try cost(.alignment, heads: heads) == forwards + 6 * 3 * mixer + kept)
    #expect(try cost(.distillation, heads: heads) == forwards + 2 * head + 6 * (3 * (mixer + mlp) + head) + kept)
  }

  @Test func timeIsWorkOverSpeed() throws {
    var recipe = StudentRecipe()
    recipe.stateDim = 8
    let student = Decoder.fresh(try teacher.configuration.student(recipe), seed: 4)
    let pair = try DistillationPair(teacher: teacher, student: student)
    let cost = StageCost(
      .calibration, Recipe()[.calibration], pair, of: teacher.configuration, length: 16, teacherRuns: true)
    let seconds = cost.seconds(tokens: 1_000_000, speed: 1e9)
    #expect(abs(seconds - cost.operations * 1e6 / 0.7e9) < 1e-9)
    #expect(ProductSpeed.measured(.float32) > 1e8)
  }

  @Test func aRunTellsItsBudgetsAtTheStart() throws {
    let tiny = try TinyRun()
    let run = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.stages = [.calibration, .distillation]
        $0.calibration.passes = 3
      })
    let rows = try #require(try RunReport(folder: run.path).start).rows
    let budgets = rows.filter { $0.name.hasPrefix("budget of part") }
    #expect(budgets.count == 2)
    #expect(budgets[0].student.contains("3 times, ") && budgets[0].student.contains(", about 0:"))
    #expect(budgets[1].student.hasPrefix("256 tokens, 4 steps of 64"), "\(budgets[1])")
  }
}
