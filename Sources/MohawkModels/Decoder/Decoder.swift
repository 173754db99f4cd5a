import MohawkLayers
import MohawkMixers
import MohawkTensor

/// A causal language model out of blocks of a mixer and an MLP: a Transformer, a state-space model, or a hybrid.
public final class Decoder: LanguageModel {
  /// The geometry.
  public let configuration: DecoderConfiguration
  public let parameters: ParameterList
  public let blocks: [any Block]
  package let layers: [DecoderBlock]
  /// The type that the layers compute in; the stream between them keeps the weights' type.
  public let compute: DType
  package let embedding: Embedding
  package let positions: Embedding?
  package let finalNorm: Norm
  package let lmHead: Linear?
  /// What the embedding is multiplied by, as exact as the type of its weights where the model wants it so.
  package let embeddingScale: Double
  public let windowSwitch: WindowSwitch?

  /// Builds the model; `build` says where its parameters come from. Call `build.finish()` afterwards.
  public init(
    _ configuration: DecoderConfiguration, _ build: ParameterBuild, compute: DType? = nil, on device: Device = .cpu
  ) {
    let root = build.root
    let (rows, width) = (configuration.vocabulary, configuration.modelDim)
    // A head that is the embedding wants rows of about unit length.
    let deviation = configuration.tiesHead ? 1 / Double(width).squareRoot() : 0.5
    let embedding = Embedding(rows, width, deviation: deviation, root / "embedding")
    let compute = compute ?? embedding.weight.dtype
    positions = configuration.learnedPositions.map {
      Embedding($0, width, deviation: 0.02, (root / "positions").with(.exact))
    }
    let windowSwitch = configuration.hasWindow ? WindowSwitch() : nil
    self.windowSwitch = windowSwitch
    let place = MixerPlace(depth: configuration.layers.count, windowSwitch: windowSwitch, device: device)
    layers = configuration.layers.enumerated().map { index, layer in
      let before = build.parameters.all.count
      var block = DecoderBlock(layer, of: configuration, compute: compute, place, root / "layers" / index)
      block.parameters = Array(build.parameters.all[before...])
      return block
    }
    blocks = layers
    finalNorm = Norm(configuration.norm, width, root / "final_norm")
    lmHead =
      configuration.tiesHead
      ? nil : Linear(in: width, out: rows, bias: configuration.headBias, initial: .normal(0.02), root / "lm_head")
    embeddingScale = configuration.multipliers.embedding(for: embedding.weight.dtype)
    self.configuration = configuration
    self.embedding = embedding
    self.compute = compute
    parameters = build.parameters
  }

  public var vocabulary: Int { configuration.vocabulary }
  public var modelDim: Int { configuration.modelDim }
  public var maxLength: Int? {
    let kept = configuration.layers.compactMap { $0.keptHeads?.attention }
    return configuration.learnedPositions ?? (configuration.attentions + kept).map(\.longest).min()
  }

  public func embed(_ ids: Tensor, from position: Int) -> Tensor {
    var hidden = embedding(ids)
    if let positions {
      let places = Tensor.range(position, position + ids.size(1), .int64, on: ids.device)
      hidden = hidden + positions(places)
    }
    return embeddingScale == 1 ? hidden : hidden * embeddingScale
  }

  public func normalise(_ hidden: Tensor) -> Tensor { finalNorm(hidden, as: compute) }

  public func head(_ normalised: Tensor) -> Tensor {
    let logits = lmHead.map { $0(normalised) } ?? normalised.projected(by: embedding.weight)
    let scale = configuration.multipliers.logits
    let scaled = scale == 1 ? logits : logits / scale
    return configuration.logitCap.map { (scaled / $0).tanh() * $0 } ?? scaled
  }

  public var projection: LogitProjection? {
    if configuration.logitCap != nil { return nil }
    return LogitProjection(
      weight: lmHead?.weight ?? embedding.weight, bias: lmHead?.bias, divisor: configuration.multipliers.logits)
  }

  /// Keeps the weights of linear layers in the type that they are multiplied in only: for a model that never moves.
  public func materialize() {
    guard parameters.all.allSatisfy({ !$0.value.requiresGradient }) else { return }
    for parameter in parameters.all where parameter.canBeMaterialized && parameter.value.dtype != compute {
      parameter.value.become(compute)
    }
  }

  /// A model with freshly drawn weights.
  public static func fresh(
    _ configuration: DecoderConfiguration, seed: UInt64, dtype: DType = .float32, compute: DType? = nil,
    on device: Device = .cpu
  ) -> Decoder {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: seed, on: device), dtype))
    return Decoder(configuration, build, compute: compute, on: device)
  }
}

extension Parameter {
  /// Whether a frozen model can keep it in the type of the computation alone: a matrix of a layer or the head, which is
  /// only multiplied by.
  package var canBeMaterialized: Bool {
    traits.allowRounding(value.shape) && (name.hasPrefix("layers.") || name.hasPrefix("lm_head."))
  }
}

extension DecoderConfiguration.Multipliers {
  /// The embedding's for weights of a type.
  fileprivate func embedding(for dtype: DType) -> Double {
    roundsEmbedding ? Tensor.full([1], embedding, dtype).item() : embedding
  }
}

extension AttentionConfiguration {
  /// Tokens that it can look at.
  fileprivate var longest: Int { min(maxLength, rotaryDim > 0 ? rotaryScaling.longest ?? .max : .max) }
}
