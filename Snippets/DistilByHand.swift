// The three stages on models in memory, without a run folder: any source of batches will do.

import MohawkDistillation
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

let attention = AttentionConfiguration(
  modelDim: 32, heads: 2, kvHeads: 2, headDim: 16, rotaryDim: 8, maxLength: 64, bias: true)
let teacher = Decoder.fresh(
  DecoderConfiguration.phi(
    vocabulary: 64, modelDim: 32, mlpDim: 128, mixers: [attention, attention]),
  seed: 1)

// snippet.show
var recipe = Recipe()
recipe.student.stateDim = 16
for stage in recipe.stages { recipe[stage].tokens = 20 * recipe[stage].batchTokens }

let student = Decoder.fresh(try teacher.configuration.student(recipe.student), seed: 2)
_ = try WeightTransfer.run(teacher: teacher, student: student, start: .paper)
let pair = try DistillationPair(teacher: teacher, student: student)
let stages: [any TrainingStage] = [
  try LayerStage(.orientation, pair, recipe.orientation),
  try LayerStage(.alignment, pair, recipe.alignment),
  try KnowledgeDistillation(pair, recipe.distillation),
]

/// Prints the loss now and then.
final class Losses: TrainingListener {
  func receive(_ event: TrainingEvent) {
    guard case .step(let step) = event, step.stageStep % 5 == 0 else { return }
    print(step.stage.title, step.stageStep, step.loss)
  }
}

let loop = TrainingLoop(recipe: recipe, stages: stages, store: nil, listeners: [Losses()]) { stage, step in
  // A pure function of stage and step, of ids [rows, length + 1]: that is what makes resuming exact.
  TrainingBatch(RandomGenerator(seed: UInt64(1000 * stage + step)).integers(0..<64, [64, 65]))
}
try loop.run()
// snippet.hide
