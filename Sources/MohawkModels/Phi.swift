// Phi-1, Phi-1.5 and Phi-2 (microsoft/phi-1_5; `PhiForCausalLM` of Hugging Face's transformers), and Phi-Mamba and its
// hybrids (goombalab/phi-mamba), which are Phi with another mixer in all or most layers.

import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// The geometry of a Phi model with a mixer of its own kind in every layer.
public struct PhiConfiguration: Sendable, Equatable {
  /// What mixes the tokens in a layer.
  public enum Mixer: Sendable, Equatable {
    /// Softmax attention, as in the teacher.
    case attention
    /// A state-space mixer.
    case discreteMamba2
  }

  /// Rows of embedding and head.
  public var vocabulary: Int
  /// Width of the hidden state.
  public var modelDim: Int
  /// Width of the MLP's hidden layer.
  public var mlpDim: Int
  /// Epsilon of the LayerNorms.
  public var epsilon: Double
  /// One per layer.
  public var mixers: [Mixer]
  /// Geometry of the attention layers; not written, and read back as another one, when there are none.
  public var attention: AttentionConfiguration
  /// Geometry of the state-space layers; nil when there are none.
  public var mamba: DiscreteMamba2Configuration?

  /// `mamba` is needed when a layer names it.
  public init(
    vocabulary: Int, modelDim: Int, mlpDim: Int, epsilon: Double = 1e-5, mixers: [Mixer],
    attention: AttentionConfiguration, mamba: DiscreteMamba2Configuration? = nil
  ) {
    self.vocabulary = vocabulary
    self.modelDim = modelDim
    self.mlpDim = mlpDim
    self.epsilon = epsilon
    self.mixers = mixers
    self.attention = attention
    self.mamba = mamba
  }

  /// Whether every layer mixes by attention, as in the teacher.
  public var isTransformer: Bool { mixers.allSatisfy { $0 == .attention } }
}

/// fc2(gelu(fc1(x))) with the tanh form of GELU.
struct PhiMLP {
  let fc1, fc2: Linear

  init(_ modelDim: Int, _ mlpDim: Int, depth: Int, _ scope: ParameterScope) {
    fc1 = Linear(in: modelDim, out: mlpDim, scope / "fc1")
    let spread = 1 / (Double(mlpDim).squareRoot() * Double(2 * depth).squareRoot())
    fc2 = Linear(in: mlpDim, out: modelDim, initial: .normal(spread), scope / "fc2")
  }

  func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x).gelu(approximate: true)) }
}

/// A parallel block: hidden + mixer(norm(hidden)) + mlp(norm(hidden)).
struct PhiBlock: Block {
  let norm: LayerNorm
  let mixer: any SequenceMixer
  let mlp: PhiMLP
  let compute: DType

  func mixerInput(_ hidden: Tensor) -> Tensor { norm(hidden).to(compute) }

  func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor {
    let mixedIn = hidden + mixed
    return mixedIn + mlp(input)
  }
}

/// A Phi, Phi-Mamba or hybrid model.
public final class Phi: LanguageModel {
  /// The geometry.
  public let configuration: PhiConfiguration
  public let parameters: ParameterList
  public let blocks: [any Block]
  let embedding: Embedding
  let finalNorm: LayerNorm
  let lmHead: Linear
  /// The type that the layers compute in; the stream between them keeps the weights' type.
  public let compute: DType

  /// Builds the model; `build` says where its parameters come from. Call `build.finish()` afterwards.
  public init(
    _ configuration: PhiConfiguration, _ build: ParameterBuild, compute: DType? = nil, on device: Device = .cpu
  ) {
    let root = build.root
    let depth = configuration.mixers.count
    let embedding = Embedding(configuration.vocabulary, configuration.modelDim, root / "embedding")
    let compute = compute ?? embedding.weight.dtype
    blocks = configuration.mixers.enumerated().map { index, kind in
      let scope = root / "layers" / index
      let norm = LayerNorm(configuration.modelDim, epsilon: configuration.epsilon, scope / "norm")
      let mixer: any SequenceMixer
      switch kind {
      case .attention: mixer = Attention(configuration.attention, depth: depth, on: device, scope / "attention")
      case .discreteMamba2:
        guard let mamba = configuration.mamba else { preconditionFailure("a state-space layer without geometry") }
        mixer = DiscreteMamba2(mamba, depth: depth, scope / "mixer")
      }
      let mlp = PhiMLP(configuration.modelDim, configuration.mlpDim, depth: depth, scope / "mlp")
      return PhiBlock(norm: norm, mixer: mixer, mlp: mlp, compute: compute)
    }
    finalNorm = LayerNorm(configuration.modelDim, epsilon: configuration.epsilon, root / "final_norm")
    lmHead = Linear(in: configuration.modelDim, out: configuration.vocabulary, initial: .normal(0.02), root / "lm_head")
    self.configuration = configuration
    self.embedding = embedding
    self.compute = compute
    parameters = build.parameters
  }

  public var vocabulary: Int { configuration.vocabulary }
  public var modelDim: Int { configuration.modelDim }
  public var maxLength: Int? { configuration.mixers.contains(.attention) ? configuration.attention.maxLength : nil }

  public func embed(_ ids: Tensor) -> Tensor { embedding(ids) }
  public func normalise(_ hidden: Tensor) -> Tensor { finalNorm(hidden).to(compute) }
  public func head(_ normalised: Tensor) -> Tensor { lmHead(normalised) }

  /// A model with freshly drawn weights.
  public static func fresh(
    _ configuration: PhiConfiguration, seed: UInt64, dtype: DType = .float32, compute: DType? = nil,
    on device: Device = .cpu
  ) -> Phi {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: seed, on: device), dtype))
    return Phi(configuration, build, compute: compute, on: device)
  }
}
