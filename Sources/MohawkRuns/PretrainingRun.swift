import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText
import MohawkTraining

/// Trains a Phi from scratch in a run folder; the finished model lies in `folder.model`.
public final class PretrainingRun {
  /// What is done.
  public let recipe: Recipe
  /// Where everything of the run lies.
  public let folder: RunFolder
  let settings: RunSettings

  /// Nothing happens before `run`.
  public init(_ recipe: Recipe, folder: String, _ settings: RunSettings = RunSettings()) {
    self.recipe = recipe.withAbsolutePaths
    self.folder = RunFolder(folder)
    self.settings = settings
  }

  /// Runs to the end, or goes on where an earlier start was stopped. A finished run is left as it is.
  /// - Throws: `MohawkError`; of code `interrupted` when it was asked to stop, after saving.
  public func run() throws {
    if let teacher = recipe.teacher {
      throw MohawkError(
        .invalidValue, "the recipe names the teacher \(teacher), so there is none to pretrain", at: "teacher",
        remedy: "set it to null to pretrain one, or distil that one")
    }
    guard try settings.waitsForTraining() else { return }
    let run = try Run(recipe, folder, settings, stages: [.pretraining])
    if folder.isFinished {
      settings.notice("\(folder.path) is finished already")
      return
    }
    let device = try Device(named: recipe.device)
    try recipe.requireLengths(within: recipe.model.maxLength, of: "model.maxLength")
    try run.claim()
    let data = try RunData.prepare(
      recipe, folder, tokenizerPath: recipe.data.tokenizer, vocabulary: nil, device: device,
      hasLearnt: run.hasCheckpoint, stream: 0, notice: settings.notice, shouldStop: settings.shouldStop)
    let configuration = try DecoderConfiguration.phi(recipe.model, vocabulary: data.tokenizer)
    // Weights, gradients and the optimiser's two numbers for each.
    try configuration.requireMemory(bytesPerParameter: 16, at: "model")
    let model = Decoder.fresh(configuration, seed: recipe.seed, compute: recipe.precision.compute, on: device)
    let plan = recipe.pretraining
    let stage = try Pretraining(model, plan) {
      let perplexity = Perplexity.measure(model, data.heldOut)
      return [
        Metric("perplexity", perplexity.value),
        Metric("bits per byte", perplexity.bitsPerByte(bytes: data.heldOutBytes)),
      ]
    }
    let rows = plan.batchTokens / recipe.data.sequenceLength
    try run.train([stage], from: run.start(), sources: data.sources) { _, step in
      data.batch(samples: step * rows..<(step + 1) * rows, for: stage)
    }
    guard settings.writes else { return }
    model.freeze()
    let summary = Findings.alone(model, data.heldOut, bytes: data.heldOutBytes)
    try RunReport.save(summary, as: RunReport.FileName.evaluation, in: folder.path)
    try run.finish(model, data.tokenizer)
  }
}

extension DecoderConfiguration {
  /// The geometry that a recipe asks for, with as many rows as the tokenizer needs, rounded up to a multiple of 64.
  static func phi(_ recipe: ModelRecipe, vocabulary tokenizer: Tokenizer) throws -> DecoderConfiguration {
    guard recipe.resolvedHeadDim * recipe.heads == recipe.modelDim else {
      throw MohawkError(
        .unsupported, "Phi needs headDim = modelDim / heads, not \(recipe.resolvedHeadDim)", at: "model.headDim")
    }
    let rotaryDim = Int(Double(recipe.resolvedHeadDim) * recipe.rotaryFraction) / 2 * 2
    let attention = AttentionConfiguration(
      modelDim: recipe.modelDim, heads: recipe.heads, kvHeads: recipe.resolvedKVHeads,
      headDim: recipe.resolvedHeadDim, rotaryDim: rotaryDim, rotaryBase: recipe.rotaryBase,
      maxLength: recipe.maxLength, bias: true)
    return phi(
      vocabulary: (Int(tokenizer.highestID) + 64) / 64 * 64, modelDim: recipe.modelDim, mlpDim: recipe.mlpDim,
      epsilon: recipe.normEpsilon, mixers: Array(repeating: attention, count: recipe.layers))
  }
}
