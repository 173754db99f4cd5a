import MohawkTensor

/// A named tensor that training may move. Parameters are fp32 (or fp64 in tests); layers cast to the type that they
/// compute in.
public final class Parameter {
  /// The full name inside the model, such as `layers.3.mixer.in_proj.x`.
  public let name: String
  /// The numbers, changed in place by training.
  public let value: Tensor
  /// Whether weight decay applies: matrices yes; norms, biases, skips no.
  public let decays: Bool
  /// What it is to training and decoding.
  public let traits: ParameterTraits
  /// How many matrices of equal shape stand in it, one below the other.
  public let matrices: Int
  /// What the optimiser takes for 1: it moves value ÷ unit. A weight that a start multiplied by a number has that number
  /// here, so that it learns as if it had not been multiplied.
  public var unit = 1.0

  /// A parameter under its full name.
  public init(name: String, value: Tensor, decays: Bool, traits: ParameterTraits = [], matrices: Int = 1) {
    self.name = name
    self.value = value
    self.decays = decays
    self.traits = traits
    self.matrices = matrices
  }
}

/// All parameters of a model, in the order in which its layers asked for them.
public final class ParameterList {
  /// In the order of their making.
  public private(set) var all: [Parameter] = []
  private var byName: [String: Int] = [:]

  /// No parameters yet.
  public init() {}

  /// The parameter of this full name; nil when there is none.
  public subscript(name: String) -> Parameter? { byName[name].map { all[$0] } }

  /// The number of elements of all parameters.
  public var count: Int { all.reduce(0) { $0 + $1.value.count } }

  func append(_ parameter: Parameter) {
    precondition(byName[parameter.name] == nil, "two parameters are called \(parameter.name)")
    byName[parameter.name] = all.count
    all.append(parameter)
  }

  /// Marks exactly the parameters that `moves` accepts as trainable, freezes the others and drops all gradients.
  /// - Returns: the trainable ones.
  @discardableResult
  public func train(where moves: (Parameter) -> Bool) -> [Parameter] {
    all.filter { parameter in
      let moving = moves(parameter)
      parameter.value.gradient = nil
      parameter.value.requiresGradient = moving
      return moving
    }
  }
}
