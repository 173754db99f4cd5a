import ArgumentParser
import MohawkDistillation
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor

/// The size of a teacher, its student and a batch. The peers know the same ones by the same names.
struct Preset {
  let modelDim, layers, heads, stateDim, vocabulary, batch, length: Int

  enum Name: String, CaseIterable, ExpressibleByArgument {
    case tiny, small, medium
    /// One layer of Phi-1.5's geometry, and the same over longer texts.
    case phiLayer = "phi-layer"
    case long8k = "long-8k"
    case long32k = "long-32k"
  }

  init(_ name: Name) {
    switch name {
    case .tiny: self.init(modelDim: 64, layers: 2, heads: 4, stateDim: 16, vocabulary: 256, batch: 2, length: 128)
    case .small: self.init(modelDim: 256, layers: 6, heads: 8, stateDim: 64, vocabulary: 2048, batch: 8, length: 512)
    case .medium:
      self.init(modelDim: 768, layers: 12, heads: 12, stateDim: 64, vocabulary: 50304, batch: 2, length: 1024)
    case .phiLayer: self.init(layerOverLength: 2048)
    case .long8k: self.init(layerOverLength: 8192)
    case .long32k: self.init(layerOverLength: 32_768)
    }
  }

  private init(layerOverLength length: Int) {
    self.init(modelDim: 2048, layers: 1, heads: 32, stateDim: 64, vocabulary: 256, batch: 1, length: length)
  }

  private init(modelDim: Int, layers: Int, heads: Int, stateDim: Int, vocabulary: Int, batch: Int, length: Int) {
    self.modelDim = modelDim
    self.layers = layers
    self.heads = heads
    self.stateDim = stateDim
    self.vocabulary = vocabulary
    self.batch = batch
    self.length = length
  }

  /// The same with no more layers and vocabulary rows than these.
  func limited(layers: Int?, vocabulary: Int?) -> Preset {
    Preset(
      modelDim: modelDim, layers: min(layers ?? self.layers, self.layers), heads: heads, stateDim: stateDim,
      vocabulary: min(vocabulary ?? self.vocabulary, self.vocabulary), batch: batch, length: length)
  }

  /// A Transformer of this size that can look at `maxLength` tokens.
  func teacher(maxLength: Int) -> DecoderConfiguration {
    let headDim = modelDim / heads
    return DecoderConfiguration.phi(
      vocabulary: vocabulary, modelDim: modelDim, mlpDim: 4 * modelDim,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: modelDim, heads: heads, kvHeads: heads, headDim: headDim, rotaryDim: headDim / 2,
          maxLength: maxLength, bias: true),
        count: layers))
  }

  /// A drawn teacher and the student of its geometry, with all that a student takes over.
  func pair(maxLength: Int, compute: DType) throws -> (teacher: Decoder, student: Decoder) {
    let configuration = teacher(maxLength: maxLength)
    var design = StudentRecipe()
    design.stateDim = stateDim
    let teacher = Decoder.fresh(configuration, seed: 1, compute: compute)
    let student = Decoder.fresh(try configuration.student(design), seed: 2, compute: compute)
    _ = try WeightTransfer.run(teacher: teacher, student: student, start: .paper)
    return (teacher, student)
  }
}

extension Precision: ExpressibleByArgument {}

extension Precision {
  var dtype: DType { self == .bfloat16 ? .bfloat16 : .float32 }
}
