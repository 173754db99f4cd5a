import MohawkLayers
import MohawkMixers

/// The geometry of a causal language model out of blocks of a mixer and an MLP: Transformers, state-space models and
/// hybrids of both differ in these values only. What stands in a layer is said by the layer alone.
public struct DecoderConfiguration: Sendable, Equatable {
  /// The kind of what mixes the tokens in a layer.
  public typealias Mixer = MixerKind

  /// How a block joins its mixer and its MLP to the stream.
  public enum Layout: String, Sendable, Equatable, CaseIterable {
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
    /// Its activation.
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
  /// From the embedding to the head.
  public var layers: [DecoderLayer]
  /// The kind of all norms.
  public var norm: Norm.Kind
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

  /// A model of these layers, without learned positions; the head is of its own and without bias.
  public init(format: CheckpointFormat, vocabulary: Int, modelDim: Int, layers: [DecoderLayer], norm: Norm.Kind) {
    self.format = format
    self.vocabulary = vocabulary
    self.modelDim = modelDim
    self.layers = layers
    self.norm = norm
  }

  /// The same with so many equal layers.
  public init(
    format: CheckpointFormat, vocabulary: Int, modelDim: Int, layers: Int, layout: Layout, norm: Norm.Kind, mlp: MLP?,
    mixer: any MixerGeometry
  ) {
    self.init(
      format: format, vocabulary: vocabulary, modelDim: modelDim,
      layers: Array(repeating: DecoderLayer(mixer, mlp: mlp, layout: layout), count: layers), norm: norm)
  }

  /// Epsilon of the norms.
  public var normEpsilon: Double { norm.epsilon }
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
