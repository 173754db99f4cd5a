import MohawkFiles
import MohawkGGUF

/// The architectures of GGUF files that are opened as models, by the names in the files.
enum GGUFFamily: String, CaseIterable {
  case llama, qwen2, qwen3, smollm3, phi3, olmo2, gemma2, gemma3, granite, phi2, gpt2, mamba, mamba2
  case gptNeoX = "gptneox"
  case graniteHybrid = "granitehybrid"

  /// The architecture of a file.
  /// - Throws: `MohawkError` when the file has no model, or one of another architecture.
  init(_ file: GGUFFile) throws {
    if let kind = try file.string("general.type"), kind != "model" {
      throw MohawkError(
        .unsupported, "this file holds \(ModelJSON.short(kind)), not a model", at: file.path,
        remedy: "open the file of the model itself")
    }
    guard let name = try file.string("general.architecture") else {
      throw MohawkError(
        .invalidFormat, "the file does not name its architecture", at: file.path,
        remedy: "of a model in several files, open the first part under its own name")
    }
    guard let family = Self(rawValue: name) else {
      throw MohawkError(
        .unsupported, "the architecture '\(ModelJSON.short(name))' is not known", at: file.path,
        remedy: "known are: \(Self.allCases.map(\.rawValue).sorted().joined(separator: ", "))")
    }
    self = family
  }

  /// Whether queries and keys rotate neighbours of a head, and not its halves.
  var rotatesInterleavedPairs: Bool { [.llama, .smollm3, .granite, .graniteHybrid].contains(self) }
  /// Whether the files may hold a table of rotary factors.
  var hasRotaryTable: Bool { rotatesInterleavedPairs }
  /// Whether Granite's multipliers are keys of the architecture.
  var hasMultipliers: Bool { self == .granite || self == .graniteHybrid }
  /// Whether all norms are LayerNorms.
  var hasLayerNorm: Bool { self == .phi2 || self == .gptNeoX || self == .gpt2 }
  /// Whether it is one of Gemma's: norms on both sides, an embedding times √width, a scale of the scores by the size.
  var isGemma: Bool { self == .gemma2 || self == .gemma3 }
  /// Where blocks have norms.
  var normPlaces: DecoderConfiguration.NormPlaces { self == .olmo2 ? .after : isGemma ? .around : .before }
  /// Whether queries and keys pass norms.
  var hasQueryNorms: Bool { [.qwen3, .olmo2, .gemma3].contains(self) }
  /// Of how many layers the last one has no window, where files have windows and do not say otherwise; 0 where all have
  /// one. Nil for architectures that do not say which layers have windows.
  var windowPeriod: Int? {
    switch self {
    case .gemma2: 2
    case .gemma3: 6
    case .olmo2: 4
    case .phi3: 0
    default: nil
    }
  }
  /// Whether there are layers with a state.
  var hasState: Bool { self == .mamba || self == .mamba2 || self == .graniteHybrid }

  /// The formats of folders that such a model may have, the nearest first.
  var formats: [CheckpointFormat] {
    switch self {
    case .llama: [.llama, .qwen2, .qwen3]
    case .qwen2: [.qwen2, .llama]
    case .qwen3: [.qwen3]
    case .smollm3: [.smolLM3]
    case .phi3: [.phi3]
    case .olmo2: [.olmo2, .olmo3]
    case .gemma2: [.gemma2]
    case .gemma3: [.gemma3]
    case .granite, .graniteHybrid: [.graniteHybrid]
    case .phi2: [.phi]
    case .gptNeoX: [.gptNeoX]
    case .gpt2: [.gpt2]
    case .mamba: [.mamba]
    case .mamba2: [.mamba2]
    }
  }
}
