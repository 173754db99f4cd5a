import MohawkFiles
import MohawkGGUF

/// The architectures of GGUF files that are opened as models, by the names in the files.
enum GGUFFamily: String, CaseIterable {
  case llama, qwen2, qwen3, granite, phi2, gpt2, mamba, mamba2
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

  /// Whether queries and keys turn neighbours of a head, and not its halves.
  var turnsNeighbours: Bool { self == .llama || self == .granite || self == .graniteHybrid }
  /// Whether the files may hold a table of rotary factors.
  var hasRotaryTable: Bool { turnsNeighbours }
  /// Whether Granite's multipliers are keys of the architecture.
  var hasMultipliers: Bool { self == .granite || self == .graniteHybrid }
  /// Whether all norms are LayerNorms.
  var hasLayerNorm: Bool { self == .phi2 || self == .gptNeoX || self == .gpt2 }
  /// Whether there are layers with a state.
  var hasState: Bool { self == .mamba || self == .mamba2 || self == .graniteHybrid }

  /// The formats of folders that such a model may have, the nearest first.
  var formats: [CheckpointFormat] {
    switch self {
    case .llama: [.llama, .qwen2, .qwen3]
    case .qwen2: [.qwen2, .llama]
    case .qwen3: [.qwen3]
    case .granite, .graniteHybrid: [.graniteHybrid]
    case .phi2: [.phi]
    case .gptNeoX: [.gptNeoX]
    case .gpt2: [.gpt2]
    case .mamba: [.mamba]
    case .mamba2: [.mamba2]
    }
  }
}
