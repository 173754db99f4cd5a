import ArgumentParser
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

/// Models with drawn weights in the geometry of the published Mamba-2, as all programs can open them.
enum DecodingModel: String, CaseIterable, ExpressibleByArgument {
  case tiny
  /// About 130 million parameters: 24 layers of width 768.
  case m130 = "130m"
  /// About 370 million parameters: 48 layers of width 1,024.
  case m370 = "370m"

  var configuration: DecoderConfiguration {
    let (width, layers, vocabulary) =
      switch self {
      case .tiny: (128, 2, 512)
      case .m130: (768, 24, 50_288)
      case .m370: (1024, 48, 50_288)
      }
    var shape = DecoderConfiguration(
      format: .mamba2, vocabulary: vocabulary, modelDim: width, layers: layers, layout: .mixerOnly,
      norm: .rms(epsilon: 1e-5), mlp: nil,
      mixer: Mamba2Configuration(modelDim: width, heads: 2 * width / 64, headDim: 64, stateDim: 128, chunk: 256))
    shape.tiesHead = true
    return shape
  }
}
