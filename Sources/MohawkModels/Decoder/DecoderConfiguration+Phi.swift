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
}
