/// Shape of a Transformer of the Phi kind: attention and MLP side by side behind one LayerNorm.
public struct ModelRecipe: Codable, Sendable, Equatable {
  /// Blocks.
  public var layers = 4
  /// Width of the hidden state.
  public var modelDim = 128
  /// Query heads.
  public var heads = 4
  /// Key and value heads; `nil` means as many as query heads.
  public var kvHeads: Int?
  /// Width of one head; `nil` means `modelDim / heads`.
  public var headDim: Int?
  /// Width of the MLP's hidden layer.
  public var mlpDim = 512
  /// Share of each head's dimensions that rotate, 0 to 1.
  public var rotaryFraction = 0.5
  /// Base of the rotary frequencies.
  public var rotaryBase = 10_000.0
  /// Longest sequence the model is meant for, in tokens.
  public var maxLength = 2048
  /// Epsilon of the LayerNorms.
  public var normEpsilon = 1e-5

  /// The defaults.
  public init() {}

  /// Key and value heads after defaults.
  public var resolvedKVHeads: Int { kvHeads ?? heads }
  /// Width of one head after defaults; 0 when `heads` is not positive.
  public var resolvedHeadDim: Int { headDim ?? (heads > 0 ? modelDim / heads : 0) }
}
