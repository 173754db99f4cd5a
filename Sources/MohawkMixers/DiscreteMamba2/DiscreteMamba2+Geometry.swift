import MohawkFiles
import MohawkLayers

extension DiscreteMamba2Configuration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "discrete-mamba-2")
  public static let title = "Discrete-Mamba-2"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    let own = [(Self.title, "\(vHeads) heads of \(headDim), \(qkHeads) of B and C, state \(stateDim)")]
    return own + (window.map { [("window beside it", $0.words)] } ?? [])
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> DiscreteMamba2 {
    DiscreteMamba2(self, depth: place.depth, windowSwitch: place.windowSwitch, scope)
  }

  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: true, keptHeads: true, block: false, headDim: false)
    let heads = try request.heads(sharing: request.modelDim)
    return Self(
      modelDim: request.modelDim, qkHeads: heads.qk, vHeads: heads.v,
      stateDim: request.stateDim ?? request.attention.headDim, convWidth: request.convWidth, chunk: request.chunk,
      window: try request.window.map { tokens in
        try requireHeads(of: "a window has", request, heads.v)
        return WindowConfiguration(tokens: tokens, sinks: request.sinks, like: request.attention)
      },
      kept: try request.keptHeads.map { kept in
        try requireHeads(of: "a mixer with heads that keep attention has", request, heads.v)
        return kept
      })
  }

  private static func requireHeads(of what: String, _ request: StudentMixerRequest, _ heads: Int) throws {
    guard heads == request.attention.heads else {
      throw MohawkError(
        .mismatch, "\(what) a head for each of the teacher's \(request.attention.heads), the student has \(heads)",
        at: "student.vHeads", remedy: "leave student.vHeads out")
    }
  }
}
