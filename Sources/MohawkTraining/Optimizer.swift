import MohawkLayers
import MohawkRecipes
import MohawkTensor

/// What moves a stage's parameters: AdamW, or Muon for matrices and AdamW for all else.
public final class Optimizer {
  /// What moves, in the stage's order.
  public let parameters: [Parameter]
  /// Updates made so far.
  public var step: Int { adamW.step }
  private let adamW: AdamW
  private let muon: Muon
  /// Which of `parameters` each of the two moves.
  private let others: [Int]
  private let matrices: [Int]

  /// As a stage and its recipe want it, from moments of zero.
  public convenience init(_ stage: any TrainingStage) {
    self.init(stage.parameters, stage.plan, rates: stage.rates, blocks: stage.blocks)
  }

  /// Moments of zero.
  /// - Parameters:
  ///   - parameters: what moves.
  ///   - plan: which optimiser, and its constants.
  ///   - rates: a factor on the learning rate for each parameter.
  ///   - blocks: how many matrices each parameter is to Muon; 0 for what AdamW moves.
  public init(_ parameters: [Parameter], _ plan: StageRecipe, rates: [Double], blocks: [Int]) {
    precondition(rates.count == parameters.count && blocks.count == parameters.count, "a rate for each parameter")
    let usesMuon = blocks.map { plan.optimizer == .muon && $0 > 0 }
    self.parameters = parameters
    matrices = parameters.indices.filter { usesMuon[$0] }
    others = parameters.indices.filter { !usesMuon[$0] }
    adamW = AdamW(others.map { parameters[$0] }, AdamW.Settings(plan), rates: others.map { rates[$0] })
    muon = Muon(
      matrices.map { Muon.Matrix(parameters[$0], blocks: blocks[$0], rate: rates[$0]) }, weightDecay: plan.weightDecay)
  }

  /// Moves every parameter.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order; they stay as they are.
  ///   - learningRate: how far this step goes.
  ///   - gradientScale: multiplies every gradient, as clipping wants it.
  public func update(gradients: [Tensor], learningRate: Double, gradientScale: Double = 1) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    adamW.update(gradients: others.map { gradients[$0] }, learningRate: learningRate, gradientScale: gradientScale)
    muon.update(gradients: matrices.map { gradients[$0] }, learningRate: learningRate, gradientScale: gradientScale)
  }

  /// The norm of all gradients together, each in the unit of its parameter.
  public func norm(of gradients: [Tensor]) -> Double { norm(of: gradients, among: Array(gradients.indices)) }

  /// The norm of some gradients, given by their places.
  private func norm(of gradients: [Tensor], among members: [Int]) -> Double {
    let units = Set(members.map { parameters[$0].unit }).sorted()
    if units.allSatisfy({ $0 == 1 }) { return TensorList.norm(members.map { gradients[$0] }) }
    let squares = units.map { unit in
      let norm = unit * TensorList.norm(members.filter { parameters[$0].unit == unit }.map { gradients[$0] })
      return norm * norm
    }
    return squares.reduce(0, +).squareRoot()
  }

  /// Scales down, in place, the gradients of every group whose own norm exceeds a limit.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order.
  ///   - groups: the number of each one's group.
  ///   - limit: the largest norm; 0 means no clipping.
  func clip(_ gradients: [Tensor], groups: [Int], limit: Double) {
    for group in Set(groups) {
      let members = groups.indices.filter { groups[$0] == group }
      let scale = GradientClip.scale(norm: norm(of: gradients, among: members), limit: limit)
      if scale != 1 { withoutGradients { for member in members { gradients[member].multiplyInPlace(scale) } } }
    }
  }

  /// Moments and momenta, by name.
  public var state: [(name: String, tensor: Tensor)] { adamW.state + muon.state }

  /// Continues from saved moments after `step` updates.
  /// - Throws: one `MohawkError` that lists what is missing, misshapen, broken or left over.
  public func restore(_ file: SafetensorsFile, step: Int) throws {
    try file.fill(state)
    adamW.continues(after: step)
  }
}
