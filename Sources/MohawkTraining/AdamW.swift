import MohawkLayers
import MohawkRecipes
import MohawkTensor

/// AdamW (Loshchilov and Hutter 2019): Adam with weight decay decoupled from the gradient.
///
/// All parameters move in one pass over their memory, those that decay and those that do not. The moments have the
/// parameters' type, fp32.
///
/// A parameter whose `unit` is not 1 moves as the number value ÷ unit would: its gradient is multiplied by the unit, and
/// so is its step.
public final class AdamW {
  /// The constants of the update; the learning rate comes with every step.
  public struct Settings: Sendable, Equatable {
    /// Decay of the running mean of the gradients.
    public var beta1: Double
    /// Decay of the running mean of their squares.
    public var beta2: Double
    /// Added to the root of the second moment.
    public var epsilon: Double
    /// Decoupled decay of the parameters that decay.
    public var weightDecay: Double

    /// The defaults are the paper's.
    public init(beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0.1) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }

    /// What a recipe says of a stage.
    public init(_ stage: StageRecipe) {
      self.init(
        beta1: stage.beta1, beta2: stage.beta2, epsilon: stage.epsilon, weightDecay: stage.weightDecay)
    }
  }

  /// What moves.
  public let parameters: [Parameter]
  /// The constants of the update.
  public let settings: Settings
  /// Updates made so far.
  public private(set) var step = 0
  /// The numbers that move here, and the moments of each piece.
  private let pieces: [ParameterPiece]
  private let first: [Tensor]
  private let second: [Tensor]

  /// Pieces of parameters of the same factor on the learning rate and the same unit, which move in one pass.
  private let groups: [(group: ParameterGroup, members: [Int])]

  private struct ParameterGroup: Hashable {
    var rate, unit: Double
  }

  /// Moments of zero.
  /// - Parameters:
  ///   - parameters: what moves.
  ///   - settings: the constants of the update.
  ///   - rates: a factor on the learning rate for each parameter; nil is 1 for all.
  ///   - pieces: the numbers that move here, where other ranks move the others; nil for all.
  public init(
    _ parameters: [Parameter], _ settings: Settings, rates: [Double]? = nil, pieces: [ParameterPiece]? = nil
  ) {
    precondition(rates == nil || rates?.count == parameters.count, "a rate for each parameter")
    self.parameters = parameters
    self.settings = settings
    let rates = rates ?? parameters.map { _ in 1 }
    let pieces =
      pieces ?? parameters.indices.map { ParameterPiece(parameter: $0, range: 0..<parameters[$0].value.count) }
    self.pieces = pieces
    let paces = pieces.map { ParameterGroup(rate: rates[$0.parameter], unit: parameters[$0.parameter].unit) }
    groups = Set(paces).sorted { ($0.rate, $0.unit) < ($1.rate, $1.unit) }.map { group in
      (group, paces.indices.filter { paces[$0] == group })
    }
    func zeros(_ piece: ParameterPiece) -> Tensor {
      let value = parameters[piece.parameter].value
      let isWhole = piece.range == 0..<value.count
      return .zeros(isWhole ? value.shape : [piece.range.count], value.dtype, on: value.device)
    }
    first = pieces.map(zeros)
    second = pieces.map(zeros)
  }

  /// Moves every parameter.
  /// - Parameters:
  ///   - gradients: one per parameter, in their order; they stay as they are.
  ///   - learningRate: how far this step goes.
  ///   - gradientScale: multiplies every gradient, as clipping wants it.
  public func update(gradients: [Tensor], learningRate: Double, gradientScale: Double = 1) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    step += 1
    for (group, members) in groups {
      TensorList.adamW(
        parameters: members.map { pieces[$0].view(of: parameters[pieces[$0].parameter].value.detached()) },
        gradients: members.map { pieces[$0].view(of: gradients[pieces[$0].parameter]) },
        first: members.map { first[$0] }, second: members.map { second[$0] },
        weightDecay: members.map { parameters[pieces[$0].parameter].decays ? settings.weightDecay / group.unit : 0 },
        step: step,
        learningRate: learningRate * group.rate * group.unit, beta1: settings.beta1, beta2: settings.beta2,
        epsilon: settings.epsilon,
        gradientScale: gradientScale * group.unit)
    }
  }

  /// The moments under the names `<parameter>.first` and `<parameter>.second`.
  public var moments: [Moments] {
    pieces.indices.flatMap { index in
      let (parameter, range) = (parameters[pieces[index].parameter], pieces[index].range)
      return [("first", first[index]), ("second", second[index])].map {
        Moments(base: "\(parameter.name).\($0)", range: range, count: parameter.value.count, tensor: $1)
      }
    }
  }

  /// What the moments of all parameters are called, whoever keeps them.
  var known: [(name: String, shape: [Int], dtype: DType)] {
    parameters.flatMap { one in
      ["first", "second"].map { (name: "\(one.name).\($0)", shape: one.value.shape, dtype: one.value.dtype) }
    }
  }

  /// Counts on from `step` updates, whose moments `state` has been given.
  public func continues(after step: Int) { self.step = step }
}
