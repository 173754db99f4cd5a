import MohawkFiles
import MohawkLayers

/// The geometry of a mixer by causal Monarch matrices.
public struct MonarchConfiguration: Codable, Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of values and of the matrix.
  public var heads: Int
  /// Width of a head of values.
  public var headDim: Int
  /// Tokens per block.
  public var block: Int
  /// Blocks that a token sees before its own.
  public var reach: Int

  /// A geometry.
  public init(modelDim: Int, heads: Int, headDim: Int, block: Int, reach: Int) {
    self.modelDim = modelDim
    self.heads = heads
    self.headDim = headDim
    self.block = block
    self.reach = reach
  }

  /// Width of all values together.
  var innerDim: Int { heads * headDim }
}

extension MonarchConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "monarch")
  public static let title = "Monarch"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] {
    [(Self.title, "\(heads) heads of \(headDim), blocks of \(block) tokens, \(reach) blocks back")]
  }

  public var unsupportedFeature: String? {
    guard [modelDim, heads, headDim].allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / headDim else {
      return "the sizes \(modelDim), \(heads), \(headDim) are not those of a mixer"
    }
    let sizes = 1...1024
    return sizes.contains(block) && sizes.contains(reach)
      ? nil : "blocks of \(block) tokens, \(reach) of them back, are not from 1 to 1024"
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Monarch {
    Monarch(self, depth: place.depth, scope)
  }

  /// Numbers of state for a channel of a student where the recipe names none: 16 blocks of 16.
  static let usualState = 256

  /// Heads as the attention has them. The state of a channel, whose size the recipe may name, is shared by equal blocks: as
  /// long as there are many, or the next shorter ones.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: true)
    if request.qkHeads != nil {
      throw MohawkError(
        .invalidValue, "\(title) has no queries and keys", at: "student.qkHeads", remedy: "leave student.qkHeads out")
    }
    let headDim = request.headDim ?? request.attention.headDim
    let heads = try request.heads(sharing: headDim * (request.vHeads ?? request.attention.heads)).v
    let state = request.stateDim ?? usualState
    guard state >= 2 else {
      throw MohawkError(
        .invalidValue, "\(title) has a state of two blocks at least, not of \(state)", at: "student.stateDim",
        remedy: "set student.stateDim to a number from 2 on, such as \(usualState)")
    }
    let block = (1...state).last { $0 * $0 <= state && state.isMultiple(of: $0) } ?? 1
    return Self(modelDim: request.modelDim, heads: heads, headDim: headDim, block: block, reach: state / block - 1)
  }
}
