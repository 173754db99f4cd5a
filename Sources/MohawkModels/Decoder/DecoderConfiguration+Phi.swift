import MohawkLayers
import MohawkMixers

extension DecoderConfiguration {
  /// A model of Phi's kind, the paper's teacher, or with Discrete-Mamba-2 in some layers of Phi-Mamba's.
  /// - Parameters:
  ///   - vocabulary: rows of embedding and head.
  ///   - modelDim: width of the hidden state.
  ///   - mlpDim: width of the MLP's hidden layer.
  ///   - epsilon: of the LayerNorms.
  ///   - mixers: one per layer.
  ///   - attention: geometry of the attention layers.
  ///   - discreteMamba2: needed when a layer names it.
  public static func phi(
    vocabulary: Int, modelDim: Int, mlpDim: Int, epsilon: Double = 1e-5, mixers: [Mixer],
    attention: AttentionConfiguration, discreteMamba2: DiscreteMamba2Configuration? = nil
  ) -> DecoderConfiguration {
    var result = DecoderConfiguration(
      format: mixers.allSatisfy { $0 == .attention } ? .phi : .phiMamba, vocabulary: vocabulary, modelDim: modelDim,
      layers: mixers.count, layout: .parallel, norm: .layer(epsilon: epsilon),
      mlp: .init(width: mlpDim, activation: .geluTanh, isGated: false, bias: true), attention: attention)
    result.mixers = mixers
    result.discreteMamba2 = discreteMamba2
    result.headBias = true
    return result
  }
}
