import MohawkLayers
import MohawkMixers

/// The geometry of a causal language model out of blocks of a mixer and an MLP: Transformers, state-space models and
/// hybrids of both differ in these values only.
public struct DecoderConfiguration: Sendable, Equatable {
  /// What mixes the tokens in a layer; windowed attention sees as many as `attention.window` says.
  public typealias Mixer = MixerKind

  /// How a block joins its mixer and its MLP to the stream.
  public enum Layout: String, Sendable, Equatable {
    /// hidden + mixer(norm(hidden)), then + mlp(norm(·)) with a norm of its own.
    case sequential
    /// hidden + mixer(norm(hidden)) + mlp(norm(hidden)) with one norm for both.
    case parallel
    /// The same with a norm for each.
    case parallelNorms = "parallel-norms"
    /// hidden + mixer(norm(hidden)): there is no MLP.
    case mixerOnly = "mixer-only"
  }

  /// Where a block has norms: those of parallel blocks stand before, the others wherever a family puts them.
  public enum NormPlaces: String, Sendable, Equatable, CaseIterable {
    /// Of what enters the mixer and the MLP.
    case before
    /// Of what the mixer and the MLP put out, before it is added to the stream.
    case after
    /// Of both.
    case around

    /// Whether what enters is normalised.
    public var hasBefore: Bool { self != .after }
    /// Whether what is put out is normalised.
    public var hasAfter: Bool { self != .before }
  }

  /// What the MLP is.
  public struct MLP: Sendable, Equatable {
    /// Width of its hidden layer.
    public var width: Int
    /// What bends it.
    public var activation: Activation
    /// fc2(act(fc1(x))), or down(act(gate(x)) ⊙ up(x)).
    public var isGated: Bool
    /// Whether its projections have biases.
    public var bias: Bool

    /// A hidden layer of this width.
    public init(width: Int, activation: Activation, isGated: Bool, bias: Bool) {
      self.width = width
      self.activation = activation
      self.isGated = isGated
      self.bias = bias
    }
  }

  /// Constants that Granite and Gemma multiply by; 1 elsewhere.
  public struct Multipliers: Sendable, Equatable {
    /// Of the embedding.
    public var embedding = 1.0
    /// Whether that of the embedding is rounded to the type of its weights before.
    public var roundsEmbedding = false
    /// Of what mixer and MLP add to the stream.
    public var residual = 1.0
    /// What the logits are divided by.
    public var logits = 1.0

    /// All 1.
    public init() {}
  }

  /// Whose names and `config.json` a checkpoint of this model has.
  public var format: CheckpointFormat
  /// Rows of embedding and head.
  public var vocabulary: Int
  /// Width of the hidden state.
  public var modelDim: Int
  /// One per layer.
  public var mixers: [Mixer]
  /// How a block is joined.
  public var layout: Layout
  /// Where a block has norms.
  public var normPlaces = NormPlaces.before
  /// The kind of all norms.
  public var norm: Norm.Kind
  /// The MLPs; unused where the layout has none.
  public var mlp: MLP
  /// Geometry of the attention layers; meaningless when there are none.
  public var attention: AttentionConfiguration
  /// Geometries of the layers with other mixers, one for each kind.
  public var geometries = MixerGeometries()
  /// Attention layers whose rotary positions are not those of `attention`; nil when there are none.
  public var otherRotary: OtherRotary?
  /// Positions that have a learned vector; nil when positions are rotary or there are none.
  public var learnedPositions: Int?
  /// Whether the head is the embedding's matrix.
  public var tiesHead = false
  /// Whether the head has a bias.
  public var headBias = false
  /// What bounds the logits, softly: x becomes c · tanh(x / c); nil when they stay as they are.
  public var logitCap: Double?
  /// Constants that Granite and Gemma multiply by.
  public var multipliers = Multipliers()
  /// Ids with a meaning, carried over from `config.json`.
  public var tokens = TokenRoles()

  /// All attention, without learned positions; the head is of its own and without bias. A model that is to have other
  /// mixers in all layers needs no geometry of attention.
  public init(
    format: CheckpointFormat, vocabulary: Int, modelDim: Int, layers: Int, layout: Layout, norm: Norm.Kind, mlp: MLP,
    attention: AttentionConfiguration? = nil
  ) {
    self.format = format
    self.vocabulary = vocabulary
    self.modelDim = modelDim
    mixers = Array(repeating: .attention, count: layers)
    self.layout = layout
    self.norm = norm
    self.mlp = mlp
    self.attention = attention ?? .unused(modelDim: modelDim)
  }

  /// Whether every layer mixes by attention, as in a teacher.
  public var isTransformer: Bool { mixers.allSatisfy(\.isAttention) }
  /// Whether some layer mixes by attention.
  public var hasAttention: Bool { mixers.contains(where: \.isAttention) }
  /// Whether layers have a window of attention beside a recurrent part.
  public var hasWindow: Bool { mixers.contains(.discreteMamba2) && discreteMamba2?.window != nil }
  /// Single heads of layers without attention that are attention all the same; nil when there are none.
  public var keptHeads: KeptHeads? { mixers.contains(.discreteMamba2) ? discreteMamba2?.kept : nil }
  /// Windows of mixers that are no attention of the model's own, beside a recurrent part or alone.
  var mixerWindows: [WindowConfiguration] {
    let beside = hasWindow ? discreteMamba2?.window : nil
    let isAlone = mixers.contains(.slidingWindowAttention)
    let alone = isAlone ? geometries[SlidingWindowAttentionConfiguration.self]?.window : nil
    return [beside, alone].compactMap { $0 }
  }
  /// Epsilon of the norms.
  public var normEpsilon: Double {
    switch norm {
    case .layer(let epsilon), .rms(let epsilon): epsilon
    }
  }
}

extension AttentionConfiguration {
  /// What stands where no layer has attention, so that equal models are described alike.
  static func unused(modelDim: Int) -> AttentionConfiguration {
    AttentionConfiguration(
      modelDim: modelDim, heads: 1, kvHeads: 1, headDim: modelDim, rotaryDim: 0, maxLength: 2048, bias: true)
  }
}

extension DecoderConfiguration {
  /// Geometry of the Discrete-Mamba-2 layers; nil when there are none.
  public var discreteMamba2: DiscreteMamba2Configuration? {
    get { geometries[DiscreteMamba2Configuration.self] }
    set { geometries[DiscreteMamba2Configuration.self] = newValue }
  }

  /// Geometry of the Mamba-2 layers; nil when there are none.
  public var mamba2: Mamba2Configuration? {
    get { geometries[Mamba2Configuration.self] }
    set { geometries[Mamba2Configuration.self] = newValue }
  }

  /// Geometry of the Mamba layers; nil when there are none.
  public var mamba: MambaConfiguration? {
    get { geometries[MambaConfiguration.self] }
    set { geometries[MambaConfiguration.self] = newValue }
  }
}

/// Ids of tokens with a meaning, as `config.json` tells them.
public struct TokenRoles: Sendable, Equatable {
  /// What a text begins with.
  public var beginning: Int?
  /// What ends a text; any of them.
  public var ends: [Int] = []
  /// What fills up.
  public var padding: Int?

  /// None known.
  public init() {}
}
