import MohawkFiles
import MohawkLayers

/// The geometry of softmax attention over a sliding window and the first tokens of a text, with nothing beside it.
public struct SlidingWindowAttentionConfiguration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of the queries and of the matrix; a multiple of the window's heads of keys, which are those of values too.
  public var heads: Int
  /// Whether the output projection has a bias.
  public var outputBias: Bool
  /// What a token sees, and queries and keys; the values have as many heads as the keys, as wide, with or without biases
  /// as they.
  public var window: WindowConfiguration

  /// `heads` must be a multiple of `window.kvHeads`.
  public init(modelDim: Int, heads: Int, window: WindowConfiguration, outputBias: Bool = false) {
    self.modelDim = modelDim
    self.heads = heads
    self.window = window
    self.outputBias = outputBias
  }

  /// Width of all heads together.
  var innerDim: Int { heads * window.headDim }
}

extension SlidingWindowAttentionConfiguration: MixerGeometry {
  public static let kind = MixerKind(rawValue: "sliding-window-attention")
  public static let title = "sliding-window attention"
  public static var hasPythonCode: Bool { true }

  public var facts: [(name: String, value: String)] { [(Self.title, "\(heads) heads, \(window.words)")] }

  public var unsupportedFeature: String? {
    let sizes = [modelDim, heads, window.kvHeads, window.headDim]
    guard sizes.allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / window.headDim,
      heads.isMultiple(of: window.kvHeads)
    else { return "the sizes \(sizes.map(String.init).joined(separator: ", ")) are not those of attention" }
    guard (1...16_384).contains(window.tokens), (0...16_384).contains(window.sinks) else {
      return "\(window.tokens) tokens are not from 1 to 16384, or \(window.sinks) sinks not from 0 to 16384"
    }
    guard (0...window.headDim).contains(window.rotaryDim), window.rotaryDim.isMultiple(of: 2) else {
      return "\(window.rotaryDim) rotary dimensions are no even part of a head of \(window.headDim)"
    }
    return nil
  }

  public func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> SlidingWindowAttention {
    SlidingWindowAttention(self, depth: place.depth, scope)
  }

  /// Tokens of a student's window where the recipe names none.
  static let usualTokens = 64

  /// The attention as it is, with the recipe's window, or one of 64 tokens.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: true, block: false, headDim: false)
    let attention = request.attention
    let chosen = [
      ("student.stateDim", request.stateDim, attention.headDim), ("student.qkHeads", request.qkHeads, attention.heads),
      ("student.vHeads", request.vHeads, attention.heads),
    ]
    for case (let key, let value?, let own) in chosen where value != own {
      throw MohawkError(
        .mismatch, "\(title) has the teacher's own projections, where this is \(own) and not \(value)", at: key,
        remedy: "leave \(key) out")
    }
    return Self(
      modelDim: request.modelDim, heads: attention.heads,
      window: WindowConfiguration(tokens: request.window ?? usualTokens, sinks: request.sinks, like: attention),
      outputBias: attention.outputBias)
  }
}
