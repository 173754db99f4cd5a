import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Training of a language model from scratch by next-token prediction: where a teacher comes from when there is none.
public final class Pretraining: TrainingStage {
  /// The stage of the recipe.
  public let name = StageName.pretraining
  /// How much and how fast.
  public let plan: StageRecipe
  public private(set) var parameters: [Parameter] = []
  let model: any LanguageModel
  let evaluation: () throws -> [Metric]

  /// - Parameters:
  ///   - model: what is trained.
  ///   - plan: how much and how fast.
  ///   - evaluation: what to measure when an evaluation is due.
  /// - Throws: `MohawkError` when the plan trains less than the whole model.
  public init(
    _ model: any LanguageModel, _ plan: StageRecipe, evaluation: @escaping () throws -> [Metric] = { [] }
  ) throws {
    try plan.requireTrained([.all], in: name)
    self.model = model
    self.plan = plan
    self.evaluation = evaluation
  }

  public func begin() throws { parameters = model.parameters.train { _ in true } }

  public var saved: [Parameter] { model.parameters.all }

  public var takesLossMask: Bool { true }

  public func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let length = batch.tokens.size(1) - 1
    let ids = batch.tokens.narrowed(1, from: 0, length: length)
    let targets = batch.counted(batch.tokens.narrowed(1, from: 1, length: length).reshaped(-1))
    let hidden = model.hidden(ids, recomputing: plan.activationCheckpointing)
    let normalised = batch.counted(model.normalise(hidden).reshaped(-1, model.modelDim))
    let loss = VocabularyLoss.backward(model, normalised, to: [.init(target: .tokens(targets))], share: share)
    return StageLoss(total: loss)
  }

  public func evaluate() throws -> [Metric] { try evaluation() }
}
