import MohawkFiles
import MohawkLayers

/// The geometry of a mixer by causal Toeplitz matrices.
public struct ToeplitzConfiguration: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values and of the matrix.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// How many tokens a token sees, itself among them.
  public var taps: Int

  /// A geometry.
  public init(modelDim: Int, heads: Int, headDim: Int, taps: Int) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.taps = taps
  }

  /// Width of all values together.
  var innerDim: Int { heads * headDim }
}

extension ToeplitzConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "toeplitz")
  public static let title = "Toeplitz"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] { [(Self.title, "\(heads) heads of \(headDim), \(taps) taps")] }

  public var unsupportedFeature: String? {
    guard [modelDim, heads, headDim].allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / headDim else {
      return "the sizes \(modelDim), \(heads), \(headDim) are not those of a mixer"
    }
    return (1...65_536).contains(taps) ? nil : "\(taps) taps are not from 1 to 65536"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Toeplitz {
    Toeplitz(self, depth: place.depth, scope)
  }

  /// Taps of a student where the recipe names no size of the state.
  static let usualTaps = 256

  /// Heads as the attention has them. The state of a channel, whose size the recipe may name, is as many inputs as there
  /// are taps.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: true)
    if request.qkHeads != nil {
      throw MohawkError(
        .invalidValue, "\(title) has no queries and keys", at: "student.qkHeads", remedy: "leave student.qkHeads out")
    }
    let headDim = request.headDim ?? request.attention.headDim
    let heads = try request.heads(sharing: headDim * (request.vHeads ?? request.attention.heads)).v
    return Self(
      modelDim: request.modelDim, heads: heads, headDim: headDim, taps: request.stateDim ?? usualTaps)
  }
}
