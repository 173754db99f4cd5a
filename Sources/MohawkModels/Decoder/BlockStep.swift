/// One addition to the residual stream: the sum of what some branches make of it. A block is a list of such steps.
public struct BlockStep: Sendable, Equatable {
  /// What is computed of the same stream, and added to it together.
  public var branches: [Branch]

  /// A norm, a mixer or an MLP, and a norm.
  public struct Branch: Sendable, Equatable {
    /// What stands between the norms.
    public enum Part: Sendable, Equatable {
      /// The layer's mixer.
      case mixer
      /// The layer's MLP.
      case mlp
    }

    /// What stands between the norms.
    public var part: Part
    /// Name of the norm of what enters, nil for none. Branches of a step that name the same norm share it.
    public var norm: String?
    /// Name of the norm of what is put out, nil for none.
    public var postNorm: String?
  }
}

extension DecoderConfiguration.Layout {
  /// The steps of a block with norms at these places. It begins with the mixer.
  func steps(_ places: DecoderConfiguration.NormPlaces) -> [BlockStep] {
    func branch(_ part: BlockStep.Branch.Part, _ norm: String, _ postNorm: String) -> BlockStep.Branch {
      .init(part: part, norm: places.hasBefore ? norm : nil, postNorm: places.hasAfter ? postNorm : nil)
    }
    let mixer = branch(.mixer, "norm", "post_norm")
    let mlp = branch(.mlp, self == .parallel ? "norm" : "mlp_norm", "mlp_post_norm")
    return switch self {
    case .sequential: [BlockStep(branches: [mixer]), BlockStep(branches: [mlp])]
    case .parallel, .parallelNorms: [BlockStep(branches: [mixer, mlp])]
    case .mixerOnly: [BlockStep(branches: [mixer])]
    }
  }
}
