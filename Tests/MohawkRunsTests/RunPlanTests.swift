import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkRuns

@Suite struct RunPlanTests {
  @Test func aHollowModelHasTheNamesAndShapesOfARealOne() throws {
    let tiny = try TinyRun()
    for path in [try tiny.teacher(), try tiny.llama()] {
      let shape = try DecoderConfiguration.withWeights(path).configuration
      for shape in [shape, try shape.student(StudentRecipe())] {
        let (hollow, real) = (Decoder.hollow(shape), Decoder.fresh(shape, seed: 1))
        #expect(hollow.parameters.all.map(\.name) == real.parameters.all.map(\.name))
        #expect(hollow.parameters.all.map(\.value.shape) == real.parameters.all.map(\.value.shape))
      }
    }
  }

  @Test func theLargestModelIsPlannedWithoutItsMemory() throws {
    var shape = DecoderConfiguration.phi(
      vocabulary: 51_200, modelDim: 2048, mlpDim: 8192,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: 2048, heads: 32, kvHeads: 32, headDim: 64, rotaryDim: 32, maxLength: 2048, bias: true),
        count: 24))
    let phi = Decoder.hollow(shape)
    #expect(phi.parameters.count == 1_418_270_720)
    shape.layers = Array(repeating: shape.layers[0], count: 500)
    #expect(Decoder.hollow(shape).parameters.count > 20_000_000_000)
  }

  @Test func thePlanCountsWhatTheRunHas() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let recipe = tiny.recipe {
      $0.teacher = teacher
      $0.student.attentionLayers = [1]
      $0.distillation.optimizer = .muon
    }
    let plan = try RunPlan(recipe, measures: false)
    let run = try tiny.distil(recipe)
    let student = try Decoder.open(run.model)
    #expect(plan.teacherParameters == (try Decoder.open(teacher)).parameters.count)
    #expect(plan.studentParameters == student.parameters.count)
    #expect(plan.stages.map(\.name) == recipe.stages && plan.stages.allSatisfy { $0.steps == 4 && $0.tokens == 256 })
    #expect(plan.stages[2].moving == student.parameters.count && plan.stages[1].moving < student.parameters.count)
    #expect(plan.stages.allSatisfy { $0.seconds == nil && $0.operations > 0 })
    // The moments in the last checkpoint of stage 3 that has some.
    let moments =
      try FileManager.default.attributesOfItem(
        atPath: tiny.path("run/checkpoint-000009/optimizer.safetensors"))[.size] as? Int
    let planned = try #require(plan.stages[2].parts.first { $0.name == "moments" }).bytes
    #expect(abs(planned / Double(try #require(moments)) - 1) < 0.1)
    let rows = try #require(try RunReport(folder: run.path).start).rows
    #expect(rows.count { $0.name.hasPrefix("least memory of part") } == 3)
  }

  @Test func momentsAreDividedAmongRanksAndNothingElseIs() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let recipe = tiny.recipe { $0.teacher = teacher }
    let (one, four) = (try RunPlan(recipe, measures: false), try RunPlan(recipe, measures: false, ranks: 4))
    for (alone, shared) in zip(one.stages, four.stages) {
      func bytes(_ stage: RunPlan.Stage, _ name: String) -> Double { stage.parts.first { $0.name == name }?.bytes ?? 0 }
      #expect(bytes(shared, "moments") == bytes(alone, "moments") / 4)
      for name in ["teacher", "student", "gradients"] { #expect(bytes(shared, name) == bytes(alone, name)) }
      #expect(bytes(alone, "exchange") == 0 && bytes(shared, "exchange") > 0)
    }
  }

  // What activations take can only be measured where nothing else runs: the tests of the command do that.
  @Test func aMeasuredPlanHasTimes() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let plan = try RunPlan(
      tiny.recipe {
        $0.teacher = teacher
        $0.stages = [.calibration, .orientation, .alignment, .distillation]
      }, measures: true)
    for stage in plan.stages {
      #expect(stage.seconds! > 0 && stage.memory > 0, "\(stage)")
    }
    #expect(plan.stages[0].parts.contains { $0.name == "layer inputs" && $0.bytes == Double(4 * 256 * 3 * 32) })
  }

  /// A token of stage 2 takes 10 ms here and one of stage 3 50 ms, however many there are at a time.
  @Test func aTimeIsDividedAsTheTokensWere() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let recipe = tiny.recipe {
      $0.teacher = teacher
      $0.stages = [.alignment, .distillation]
      $0.data.sequenceLength = 32
      for stage in $0.stages {
        ($0[stage].batchTokens, $0[stage].microBatchTokens, $0[stage].tokens) = (32, nil, 32 * 1_000)
      }
    }
    func probe(_ stage: StageName, _ teacher: DecoderConfiguration, _ recipe: Recipe, _ process: Double) -> StageProbe {
      StageProbe(working: 0, seconds: (stage == .alignment ? 0.01 : 0.05) * Double(recipe[stage].batchTokens))
    }
    func timed(_ seconds: Double) throws -> Recipe { try RunPlan.recipe(taking: seconds, recipe, probe: probe) }
    // 1,920 s for all: half and twice of it.
    #expect(try timed(960).stages.map { try timed(960)[$0].tokens } == [16_000, 16_000])
    #expect(try timed(3_840).alignment.tokens == 64_000 && timed(3_840).distillation.tokens == 64_000)
    #expect(try timed(3.84).distillation.tokens == 64)
    let error = #expect(throws: MohawkError.self) { try timed(1) }
    #expect(error?.message.contains("alignment, distillation take about 2 s here, and there are 1 s") == true)
  }

  @Test func fittingTakesTheLargestBatchThatFits() throws {
    let tiny = try TinyRun()
    let teacher = try tiny.teacher()
    let recipe = tiny.recipe {
      $0.teacher = teacher
      $0.stages = [.distillation]
      $0.data.sequenceLength = 32
      $0.distillation.batchTokens = 32 * 512
    }
    func probe(_ stage: StageName, _ teacher: DecoderConfiguration, _ recipe: Recipe, _ process: Double) -> StageProbe {
      let tokens = recipe[stage].microBatchTokens ?? recipe[stage].batchTokens
      // Far more than what other tests of this process take between two plans.
      return StageProbe(working: 1e6 * Double(tokens), seconds: 1)
    }
    let whole = try RunPlan(recipe, probe: probe).stages[0]
    let activations = try #require(whole.parts.first { $0.name == "activations" }).bytes
    let fixed = whole.memory - activations
    var changes: [String] = []
    let fitted = try RunPlan.fitting(
      recipe, into: fixed + activations / 3, notice: { changes.append($0) }, probe: probe)
    let micro = try #require(fitted.recipe.distillation.microBatchTokens)
    #expect(micro < 32 * 512 && micro >= 32 && changes.contains { $0.contains("microBatchTokens becomes") })
    #expect(fitted.stages[0].memory <= fixed + activations / 3 && !fitted.recipe.distillation.activationCheckpointing)
    // Less than a sequence takes: layers are computed again, with as many tokens at a time as then fit.
    func half(_ stage: StageName, _ teacher: DecoderConfiguration, _ recipe: Recipe, _ process: Double) -> StageProbe {
      let tokens = Double(recipe[stage].microBatchTokens ?? recipe[stage].batchTokens)
      return StageProbe(working: recipe[stage].activationCheckpointing ? 1e6 * tokens : 1e9 * (tokens + 31), seconds: 1)
    }
    changes = []
    let again = try RunPlan.fitting(recipe, into: fixed + 1e10, notice: { changes.append($0) }, probe: half)
    #expect(again.recipe.distillation.activationCheckpointing && again.recipe.distillation.microBatchTokens == 32 * 256)
    #expect(changes.contains { $0.hasSuffix("distillation.activationCheckpointing becomes true") })
    let error = #expect(throws: MohawkError.self) { try RunPlan.fitting(recipe, into: 1e6, probe: probe) }
    #expect(error?.description.contains("stage distillation needs") == true, "\(error.debugDescription)")
    #expect(throws: MohawkError.self) { try RunPlan(recipe, measures: false).requireMemory(1e6) }
  }
}
