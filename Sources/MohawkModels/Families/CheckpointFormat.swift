import MohawkFiles
import MohawkLayers
import MohawkMixers

/// Whose names and `config.json` a checkpoint has.
public enum CheckpointFormat: String, Sendable, Equatable, CaseIterable {
  /// Phi-1, 1.5 and 2: `PhiForCausalLM`.
  case phi
  /// Phi-Mamba and its hybrids, as their authors' code has them.
  case phiMamba = "phi-mamba"
  /// Llama 2, 3, 3.1, 3.2 and what has their shape, such as SmolLM and TinyLlama: `LlamaForCausalLM`.
  case llama
  /// Mistral: `MistralForCausalLM`.
  case mistral
  /// Qwen 2 and 2.5: `Qwen2ForCausalLM`.
  case qwen2
  /// Qwen 3: `Qwen3ForCausalLM`.
  case qwen3
  /// SmolLM 3: `SmolLM3ForCausalLM`.
  case smolLM3 = "smollm3"
  /// Phi-3, 3.5 and Phi-4-mini: `Phi3ForCausalLM`.
  case phi3
  /// OLMo 2: `Olmo2ForCausalLM`.
  case olmo2
  /// OLMo 3: `Olmo3ForCausalLM`.
  case olmo3
  /// Gemma 2: `Gemma2ForCausalLM`.
  case gemma2
  /// Gemma 3, its models of text: `Gemma3ForCausalLM`.
  case gemma3
  /// GPT-NeoX and Pythia: `GPTNeoXForCausalLM`.
  case gptNeoX = "gpt-neox"
  /// GPT-2: `GPT2LMHeadModel`.
  case gpt2
  /// Granite 4 without experts: attention and Mamba-2 in Llama's blocks, `GraniteMoeHybridForCausalLM`.
  case graniteHybrid = "granite-hybrid"
  /// The same under other names: `BambaForCausalLM`.
  case bamba
  /// Mamba-2 layers only, without MLPs: `Mamba2ForCausalLM`.
  case mamba2
  /// Mamba layers only, without MLPs: `MambaForCausalLM`.
  case mamba
  /// Mamba and Mamba-2 as state-spaces/mamba has them.
  case stateSpaces = "state-spaces"
  /// This project's own, for students that no other architecture describes.
  case mohawk

  var family: any Family.Type {
    switch self {
    case .phi: PhiFamily.self
    case .phiMamba: PhiMambaFamily.self
    case .llama, .mistral: LlamaFamily.self
    case .qwen2, .qwen3: QwenFamily.self
    case .smolLM3: SmolLM3Family.self
    case .phi3: Phi3Family.self
    case .olmo2, .olmo3: OLMoFamily.self
    case .gemma2, .gemma3: GemmaFamily.self
    case .gptNeoX: GPTNeoXFamily.self
    case .gpt2: GPT2Family.self
    case .graniteHybrid: GraniteHybridFamily.self
    case .bamba: BambaFamily.self
    case .mamba2: Mamba2Family.self
    case .mamba: MambaFamily.self
    case .stateSpaces: StateSpacesFamily.self
    case .mohawk: MohawkFamily.self
    }
  }

  /// The `model_type` of its `config.json`.
  var modelType: String {
    switch self {
    case .gptNeoX: "gpt_neox"
    case .gemma3: "gemma3_text"
    case .graniteHybrid: "granitemoehybrid"
    default: rawValue
    }
  }
}

/// One family of checkpoints: what its `config.json` means and where its tensors lie.
protocol Family {
  /// The geometry that a `config.json` describes.
  /// - Throws: `MohawkError` when it asks for what is not supported.
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration
  /// The checkpoint's names.
  static func keys(_ configuration: DecoderConfiguration) -> KeyTable
  /// The `config.json` of a model in this format.
  static func json(_ configuration: DecoderConfiguration) -> [String: Any]
  /// Tensors that the format needs and the model has no parameters for.
  static func padding(_ configuration: DecoderConfiguration) -> [PaddingTensor]
  /// What the format can say of that which few models have.
  static var features: Set<DecoderFeature> { get }
  /// What the format cannot say about a model, as an end of "the format … cannot hold "; nil when it can say all.
  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String?
}

extension Family {
  static func padding(_ configuration: DecoderConfiguration) -> [PaddingTensor] { [] }
  static var features: Set<DecoderFeature> { [] }
}

/// A tensor of one number that a format needs.
struct PaddingTensor {
  let key: String
  let shape: [Int]
  let value: Double
}

extension CheckpointFormat {
  /// The format of a folder by its `config.json`.
  static func of(_ json: ModelJSON) throws -> CheckpointFormat {
    if json.object["MixerModel"] != nil { return .phiMamba }
    if !json.has("model_type"), json.has("d_model"), json.has("n_layer") { return .stateSpaces }
    let type = try json.string("model_type")
    guard let format = allCases.first(where: { $0.modelType == type }) else {
      throw MohawkError(
        .unsupported, "the architecture '\(type)' is not known", at: json.path,
        remedy: "known are: \(allCases.map(\.modelType).sorted().joined(separator: ", "))")
    }
    return format
  }
}

extension DecoderConfiguration {
  /// The geometry that a `config.json` of any known family describes.
  init(json: ModelJSON) throws {
    try json.refuseQuantization()
    let format = try CheckpointFormat.of(json)
    self = try format.family.configuration(json, format)
  }

  /// The names of the parameters in a folder of this model's format.
  var keys: KeyTable { format.family.keys(self) }
  /// The `config.json` of this model.
  var json: [String: Any] { format.family.json(self) }

  /// What a format cannot say about this model; nil when it can say all.
  public func unsupportedFeature(in format: CheckpointFormat) -> String? {
    var copy = self
    copy.format = format
    if let feature = feature(beyond: format.family.features) { return feature.rawValue }
    if let unevenLayers { return unevenLayers }
    for scaling in layers.flatMap(\.rotaryScalings) {
      if case .factors = scaling { return "a table of rotary factors that is not Llama 3's" }
    }
    if hasSinks { return "tokens that are seen beside a sliding window" }
    return format.family.unsupportedFeature(to: copy)
  }

  /// Refuses a model that its format cannot describe.
  public func requireWritable() throws {
    guard let unsupportedFeature = unsupportedFeature(in: format) else { return }
    throw MohawkError(.unsupported, "the format \(format.rawValue) cannot hold \(unsupportedFeature)")
  }
}

extension DecoderLayer {
  /// How the layer's rotary wave lengths are stretched, those of windows and kept heads in another mixer too.
  fileprivate var rotaryScalings: [RotaryScaling] {
    let beside = (mixer as? DiscreteMamba2Configuration)?.window
    let alone = (mixer as? SlidingWindowAttentionConfiguration)?.window
    return [attention, keptHeads?.attention].compactMap { $0?.rotaryScaling }
      + [beside, alone].compactMap { $0?.rotaryScaling }
  }
}
