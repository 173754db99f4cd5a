import MohawkMixers
import MohawkModels
import MohawkTensor

/// A mixer that can start from the context. A mixer without it has the other starts only.
protocol ContextStarted: CausalMixer {
  /// What in a geometry has no place for the heads of an attention, as what the start needs; nil when nothing.
  /// - Parameter block: whether the mixer stands for a whole block.
  static func unsupportedContext(_ attention: AttentionConfiguration, _ own: Configuration, block: Bool) -> String?
  /// Whether B and C may stay as they were drawn, with decays that follow the attention's look-back.
  static var hasScaledStart: Bool { get }
  /// Whether the start sets the parameter of this name in the mixer; others stay as they were drawn.
  static func startSets(_ name: String, of own: Configuration) -> Bool
  /// Takes the weights of heads that were fitted to an attention.
  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - drawn: whether rows of queries and keys stay as they were drawn, but smaller.
  ///   - parameters: the mixer's, by their names in it.
  func start(
    from attention: Attention, _ input: Tensor, drawn: Bool, _ parameters: MixerParameters
  ) -> StartedHeads
}

/// A mixer's parameters by their names in it.
struct MixerParameters {
  private let find: (String) -> Tensor?

  /// - Parameter find: the parameter of a name; nil where there is none.
  init(_ find: @escaping (String) -> Tensor?) { self.find = find }

  /// The parameter of this name, which the mixer must have.
  subscript(name: String) -> Tensor {
    guard let value = find(name) else { preconditionFailure("the mixer has no parameter \(name)") }
    return value
  }
}

/// What a start made of a mixer.
struct StartedHeads {
  /// What every head starts as.
  let fits: [HeadFit]
  /// Units of parameters by their names in the mixer: what the start has multiplied them by.
  var units: [(name: String, unit: Double)] = []
}

extension ContextStarted {
  static var hasScaledStart: Bool { false }
  static func startSets(_ name: String, of own: Configuration) -> Bool { true }

  /// Refuses heads that are not the attention's.
  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - heads: of values.
  ///   - qkHeads: of queries and keys.
  ///   - headDim: width of a head of values.
  ///   - stateDim: width of a head of queries and keys.
  ///   - least: of that width.
  static func unsupportedHeads(
    _ attention: AttentionConfiguration, heads: Int, qkHeads: Int, headDim: Int, stateDim: Int, least: Int
  ) -> String? {
    if heads == attention.heads, qkHeads == attention.heads, headDim == attention.headDim, stateDim >= least {
      return nil
    }
    return
      "needs a head of queries, keys and values for each of the teacher's \(attention.heads) heads of \(attention.headDim) and states of \(least) or more; the student has \(qkHeads) and \(heads) of \(headDim), with states of \(stateDim)"
  }

  /// Refuses a norm that cannot be made a product.
  static func unsupportedNorm(_ epsilon: Double) -> String? {
    epsilon > 0 ? nil : "needs an epsilon of the norm before the output projection"
  }
}

extension MixerGeometry {
  /// What has no place for the heads of an attention; nil when the mixers can start from the context.
  func unsupportedContext(_ attention: AttentionConfiguration, block: Bool, drawn: Bool = false) -> String? {
    guard let kind = Mixer.self as? any ContextStarted.Type else { return "is not known to \(Self.title)" }
    func asked<Kind: ContextStarted>(_ kind: Kind.Type) -> String? {
      kind.unsupportedContext(attention, self as! Kind.Configuration, block: block)
    }
    if drawn, !kind.hasScaledStart { return "with drawn B and C is not known to \(Self.title)" }
    return asked(kind)
  }

  /// Whether a start from the context sets the parameter of this name in the mixers.
  func startSets(_ name: String) -> Bool {
    guard let kind = Mixer.self as? any ContextStarted.Type else { return false }
    func asked<Kind: ContextStarted>(_ kind: Kind.Type) -> Bool {
      kind.startSets(name, of: self as! Kind.Configuration)
    }
    return asked(kind)
  }
}
