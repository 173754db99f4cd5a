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
  /// Which of `parameters` AdamW moves; which Muon moves, and which of those here.
  private let others: [Int]
  private let matrices: [Int]
  private let ownMatrices: [Int]
  /// How all numbers are divided; nil where this process moves all of them.
  let shards: OptimizerShards?
  /// What moves here.
  private let pieces: [ParameterPiece]

  /// As a stage and its recipe want it, from moments of zero.
  /// - Parameters:
  ///   - stage: what trains.
  ///   - place: where this process stands among the ranks that share the moments; nil where it keeps all.
  public convenience init(_ stage: any TrainingStage, _ place: Ranks.Place? = nil) {
    self.init(stage.parameters, stage.plan, rates: stage.rates, blocks: stage.blocks, place)
  }

  /// Moments of zero.
  /// - Parameters:
  ///   - parameters: what moves.
  ///   - plan: which optimiser, and its constants.
  ///   - rates: a factor on the learning rate for each parameter.
  ///   - blocks: how many matrices each parameter is to Muon; 0 for what AdamW moves.
  ///   - place: where this process stands among the ranks that share the moments; nil where it keeps all.
  public init(
    _ parameters: [Parameter], _ plan: StageRecipe, rates: [Double], blocks: [Int], _ place: Ranks.Place? = nil
  ) {
    precondition(rates.count == parameters.count && blocks.count == parameters.count, "a rate for each parameter")
    let usesMuon = blocks.map { plan.optimizer == .muon && $0 > 0 }
    self.parameters = parameters
    matrices = parameters.indices.filter { usesMuon[$0] }
    others = parameters.indices.filter { !usesMuon[$0] }
    let sizes = parameters.map(\.value.count)
    shards = place.map { OptimizerShards(sizes: sizes, isWhole: usesMuon, ranks: $0.size) }
    let pieces =
      shards.map { $0.pieces(of: place!.rank) }
      ?? parameters.indices.map { ParameterPiece(parameter: $0, range: 0..<sizes[$0]) }
    self.pieces = pieces
    let places = Dictionary(uniqueKeysWithValues: others.enumerated().map { ($1, $0) })
    adamW = AdamW(
      others.map { parameters[$0] }, AdamW.Settings(plan), rates: others.map { rates[$0] },
      pieces: pieces.compactMap { piece in
        places[piece.parameter].map { ParameterPiece(parameter: $0, range: piece.range) }
      })
    ownMatrices = pieces.map(\.parameter).filter { usesMuon[$0] }
    muon = Muon(
      ownMatrices.map { Muon.Matrix(parameters[$0], blocks: blocks[$0], rate: rates[$0]) },
      weightDecay: plan.weightDecay)
  }

  /// Moves every parameter, or those of its numbers that are this rank's.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order; they stay as they are.
  ///   - learningRate: how far this step goes.
  ///   - gradientScale: multiplies every gradient, as clipping wants it.
  public func update(gradients: [Tensor], learningRate: Double, gradientScale: Double = 1) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    adamW.update(gradients: others.map { gradients[$0] }, learningRate: learningRate, gradientScale: gradientScale)
    muon.update(gradients: ownMatrices.map { gradients[$0] }, learningRate: learningRate, gradientScale: gradientScale)
  }

  /// The norm of all gradients together, each in the unit of its parameter.
  public func norm(of gradients: [Tensor]) -> Double { norm(of: gradients, among: Array(gradients.indices)) }

  /// The norm of the gradients of some parameters, given by their places, of which other ranks have none.
  private func norm(of gradients: [Tensor], among members: [Int]) -> Double {
    let members = Set(members)
    let own = pieces.filter { members.contains($0.parameter) }
    let units = Set(own.map { parameters[$0.parameter].unit }).sorted()
    func norm(_ pieces: [ParameterPiece]) -> Double {
      TensorList.norm(pieces.map { $0.view(of: gradients[$0.parameter]) })
    }
    if units.allSatisfy({ $0 == 1 }) { return norm(own) }
    let squares = units.map { unit in
      let norm = unit * norm(own.filter { parameters[$0.parameter].unit == unit })
      return norm * norm
    }
    return squares.reduce(0, +).squareRoot()
  }

  /// The norms of groups of gradients.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order.
  ///   - groups: the number of each one's group.
  /// - Returns: by the number of a group; with several ranks the norm of what is here of it.
  func norms(of gradients: [Tensor], groups: [Int]) -> [Int: Double] {
    Dictionary(
      uniqueKeysWithValues: Set(groups).map { group in
        (group, norm(of: gradients, among: groups.indices.filter { groups[$0] == group }))
      })
  }

  /// Scales down, in place, the gradients of every group whose own norm exceeds a limit.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order.
  ///   - groups: the number of each one's group.
  ///   - norms: that of each group.
  ///   - limit: the largest norm; 0 means no clipping.
  func clip(_ gradients: [Tensor], groups: [Int], norms: [Int: Double], limit: Double) {
    withoutGradients {
      for piece in pieces {
        let scale = GradientClip.scale(norm: norms[groups[piece.parameter]]!, limit: limit)
        if scale != 1 { piece.view(of: gradients[piece.parameter]).multiplyInPlace(scale) }
      }
    }
  }

  /// Moments and momenta that are kept here.
  public var moments: [Moments] { adamW.moments + muon.moments }

  /// The same by name.
  public var state: [(name: String, tensor: Tensor)] { moments.map { ($0.name, $0.tensor) } }

  /// Continues from saved moments after `step` updates.
  /// - Parameters:
  ///   - saved: those of all parameters, whatever number of ranks has saved them.
  ///   - step: updates made so far.
  /// - Throws: one `MohawkError` that lists what is missing, misshapen, broken or left over.
  public func restore(_ saved: SavedMoments, step: Int) throws {
    let momenta: [(name: String, shape: [Int], dtype: DType)] = matrices.map {
      (name: Muon.name(parameters[$0]), shape: parameters[$0].value.shape, dtype: parameters[$0].value.dtype)
    }
    try saved.fill(moments, known: adamW.known + momenta)
    adamW.continues(after: step)
  }
}
