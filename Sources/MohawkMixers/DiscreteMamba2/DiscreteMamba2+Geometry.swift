import MohawkFiles
import MohawkLayers

extension DiscreteMamba2Configuration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "discrete-mamba-2")
  public static let title = "Discrete-Mamba-2"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    let own = [(Self.title, "\(vHeads) heads of \(headDim), \(qkHeads) of B and C, state \(stateDim)")]
    guard let window else { return own }
    return own + [("window beside it", window.words)]
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> DiscreteMamba2 {
    DiscreteMamba2(self, depth: place.depth, windowSwitch: place.windowSwitch, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: true, block: false, headDim: false)
    let heads = try request.heads(sharing: request.modelDim)
    return Self(
      modelDim: request.modelDim, qkHeads: heads.qk, vHeads: heads.v,
      stateDim: request.stateDim ?? request.attention.headDim, convWidth: request.convWidth, chunk: request.chunk,
      window: try request.window.map { try window($0, request, heads.v) })
  }

  /// A window with the queries and keys of the attention.
  private static func window(_ tokens: Int, _ request: StudentMixerRequest, _ heads: Int) throws -> WindowConfiguration
  {
    guard heads == request.attention.heads else {
      throw MohawkError(
        .mismatch,
        "a window has a head for each of the teacher's \(request.attention.heads), the student has \(heads)",
        at: "student.vHeads", remedy: "leave student.vHeads out")
    }
    return WindowConfiguration(tokens: tokens, sinks: request.sinks, like: request.attention)
  }
}
