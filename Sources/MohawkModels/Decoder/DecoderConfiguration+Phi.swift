import MohawkLayers
import MohawkMixers

extension DecoderConfiguration {
  /// A model of Phi's kind, the paper's teacher, or with other mixers in some layers Phi-Mamba's.
  /// - Parameters:
  ///   - vocabulary: rows of embedding and head.
  ///   - modelDim: width of the hidden state.
  ///   - mlpDim: width of the MLP's hidden layer.
  ///   - epsilon: of the LayerNorms.
  ///   - mixers: one per layer.
  public static func phi(
    vocabulary: Int, modelDim: Int, mlpDim: Int, epsilon: Double = 1e-5, mixers: [any MixerGeometry]
  ) -> DecoderConfiguration {
    let mlp = MLP(width: mlpDim, activation: .geluTanh, isGated: false, bias: true)
    var result = DecoderConfiguration(
      format: .phi, vocabulary: vocabulary, modelDim: modelDim,
      layers: mixers.map { DecoderLayer($0, mlp: mlp, layout: .parallel) }, norm: .layer(epsilon: epsilon))
    if !result.isTransformer || result.mixers.contains(.windowedAttention) { result.format = .phiMamba }
    result.headBias = true
    return result
  }

  /// The same with attention and Discrete-Mamba-2 by their names.
  /// - Parameters:
  ///   - vocabulary: rows of embedding and head.
  ///   - modelDim: width of the hidden state.
  ///   - mlpDim: width of the MLP's hidden layer.
  ///   - epsilon: of the LayerNorms.
  ///   - mixers: one per layer.
  ///   - attention: geometry of the attention layers; windowed ones take its window.
  ///   - discreteMamba2: needed when a layer names it.
  public static func phi(
    vocabulary: Int, modelDim: Int, mlpDim: Int, epsilon: Double = 1e-5, mixers: [Mixer],
    attention: AttentionConfiguration, discreteMamba2: DiscreteMamba2Configuration? = nil
  ) -> DecoderConfiguration {
    var full = attention
    full.window = nil
    let geometries = mixers.map { kind -> any MixerGeometry in
      if kind == .attention { return full }
      if kind == .windowedAttention { return attention }
      guard kind == .discreteMamba2, let discreteMamba2 else {
        preconditionFailure("a \(kind.rawValue) layer without geometry")
      }
      return discreteMamba2
    }
    return phi(vocabulary: vocabulary, modelDim: modelDim, mlpDim: mlpDim, epsilon: epsilon, mixers: geometries)
  }
}
