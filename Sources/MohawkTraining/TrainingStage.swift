import MohawkLayers
import MohawkRecipes
import MohawkTensor

/// One stage of a run: what moves, what is fed, what is compared. `TrainingLoop` does the rest.
public protocol TrainingStage: AnyObject {
  /// Which stage of a recipe it is.
  var name: StageName { get }
  /// How much, how fast, and what moves.
  var plan: StageRecipe { get }

  /// Makes the stage ready: builds what it needs, copies weights, freezes and unfreezes. Also called when a run resumes
  /// inside or at the end of this stage, before the weights are loaded; so it must not depend on having run only once.
  func begin() throws

  /// The parameters that move, each with gradients switched on. Asked for after `begin`.
  var parameters: [Parameter] { get }

  /// A factor on the learning rate for each of `parameters`; all 1 unless a stage says otherwise.
  var rates: [Double] { get }

  /// How many blocks of rows each of `parameters` has that Muon moves as matrices of their own, where the plan asks for
  /// Muon; 0 for those that stay with AdamW, as all do unless a stage says otherwise.
  var blocks: [Int] { get }

  /// For each of `parameters` the number of the group whose gradients are clipped by their own norm; nil, as unless a
  /// stage says otherwise, where all are clipped by the norm of all.
  var clipGroups: [Int]? { get }

  /// All parameters, moving and frozen, that a checkpoint of this stage must hold. Asked for after `begin`.
  var saved: [Parameter] { get }

  /// Forward and backward over one micro-batch: adds `share` times the gradients of its mean loss to `parameters`. What
  /// its backward passes say they complete (`Tensor.backward(_:completes:)`) is sent to other ranks meanwhile.
  /// - Parameters:
  ///   - batch: token sequences, with a loss mask only where ``takesLossMask`` is true.
  ///   - share: this micro-batch's part of the whole batch; the shares of a batch add up to 1.
  func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss

  /// Rows of a batch that it computes together at most, because more would take memory and save no time; nil for any
  /// number, which is what a stage has unless it says otherwise.
  func rowsAtOnce(length: Int) -> Int?

  /// Whether the loss can leave out single tokens. False unless a stage says otherwise: layers are compared at all tokens.
  var takesLossMask: Bool { get }

  /// What is measured on validation data, in the order in which it is shown; may be empty. Gradients are off.
  func evaluate() throws -> [Metric]

  /// Called once after the last step and evaluation, before the stage's last checkpoint.
  func end() throws
}

extension TrainingStage {
  public var rates: [Double] { parameters.map { _ in 1 } }
  public var blocks: [Int] { parameters.map { _ in 0 } }
  public func rowsAtOnce(length: Int) -> Int? { nil }
  public var clipGroups: [Int]? { nil }
  public var takesLossMask: Bool { false }

  /// The same where all tokens count.
  /// - Parameters:
  ///   - tokens: ids, int64 [rows, length + 1].
  ///   - share: this micro-batch's part of the whole batch.
  public func accumulate(_ tokens: Tensor, share: Double) throws -> StageLoss {
    try accumulate(TrainingBatch(tokens), share: share)
  }

  public func evaluate() throws -> [Metric] { [] }
  public func end() throws {}
}

/// The loss of one micro-batch: means over its rows, not yet multiplied by its share. They stay on the device.
public struct StageLoss {
  /// One number.
  public var total: Tensor
  /// One number per layer, always as many; empty for a stage that has only one loss.
  public var perLayer: [Tensor]

  /// The loss of a micro-batch, whole and by layer.
  public init(total: Tensor, perLayer: [Tensor] = []) {
    self.total = total
    self.perLayer = perLayer
  }
}
