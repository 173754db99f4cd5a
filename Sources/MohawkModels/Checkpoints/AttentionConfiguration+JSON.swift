import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers

/// What a `config.json` means by leaving a key of the attention out, as transformers has it for the architecture.
struct AttentionDefaults {
  /// Nil when the file must say it.
  var heads: Int?
  /// Nil for as many as heads; a key that is null means that everywhere.
  var kvHeads: Int?
  /// Nil for the model's width over the heads; a key that is null means that everywhere.
  var headDim: Int?
  /// Base of the rotary wave lengths.
  var base = 10_000.0
  /// The share of a head's dimensions that is rotated.
  var fraction = 1.0
  /// Tokens that the model looks at.
  var maxLength = 2048
}

extension AttentionConfiguration {
  /// Reads the keys that the families have in common.
  /// - Parameters:
  ///   - json: a `config.json`.
  ///   - defaults: what it means by leaving keys out.
  ///   - bias: whether queries, keys and values have biases.
  /// - Throws: `MohawkError` when sizes are missing or do not fit each other.
  init(_ json: ModelJSON, modelDim: Int, defaults: AttentionDefaults = .init(), bias: Bool) throws {
    let heads = try json.integer("num_attention_heads", default: defaults.heads)
    let isNull = json.object["num_key_value_heads"] is NSNull
    let kvHeads = try json.integer("num_key_value_heads", default: isNull ? heads : defaults.kvHeads ?? heads)
    let known = json.object["head_dim"] is NSNull ? nil : defaults.headDim
    let hasHeadDim = json.has("head_dim") || known != nil
    guard heads.isMultiple(of: kvHeads), hasHeadDim || modelDim.isMultiple(of: heads) else {
      throw MohawkError(
        .invalidValue, "\(heads) heads and \(kvHeads) key-value heads do not fit width \(modelDim)", at: json.path)
    }
    let headDim = hasHeadDim ? try json.integer("head_dim", default: known, in: 1...65_536) : modelDim / heads
    guard headDim <= 65_536, heads <= 1 << 24 / headDim else {
      throw MohawkError(.invalidValue, "\(heads) heads of \(headDim) dimensions are too many", at: json.path)
    }
    let maxLength = try json.integer("max_position_embeddings", default: defaults.maxLength)
    let rotary = try json.rotary(base: defaults.base, fraction: defaults.fraction, length: maxLength)
    self.init(
      modelDim: modelDim, heads: heads, kvHeads: kvHeads, headDim: headDim,
      rotaryDim: try Self.rotaryDim(headDim, rotary.fraction, at: json.path), rotaryBase: rotary.base,
      maxLength: maxLength, bias: bias)
    rotaryScaling = rotary.scaling
    try Self.require(rotaryScaling, on: rotaryDim, at: json.path)
    if let longest = rotaryScaling.longest, longest < maxLength {
      Notice.report(
        "texts of up to \(longest) tokens are supported, the longer ones of LongRoPE are not", at: json.path)
    }
  }

  /// Refuses factors that are not one for each pair of dimensions.
  static func require(_ scaling: RotaryScaling, on dimensions: Int, at path: String) throws {
    guard case .longrope(let short, _, _, _) = scaling, short.count != dimensions / 2 else { return }
    throw MohawkError(
      .mismatch, "'short_factor' has \(short.count) numbers, \(dimensions / 2) pairs of dimensions are rotated",
      at: path)
  }

  /// How many of a head's dimensions a fraction of them is.
  static func rotaryDim(_ headDim: Int, _ fraction: Double, at path: String) throws -> Int {
    // A fraction such as 2/49 times 49 may be a little less than 2.
    let exact = Double(headDim) * fraction + 1e-6
    guard (0...1).contains(fraction), case let rotaryDim = Int(exact), rotaryDim.isMultiple(of: 2) else {
      throw MohawkError(
        .invalidValue, "the rotary fraction \(fraction) gives no even number of \(headDim) dimensions", at: path)
    }
    return rotaryDim
  }
}
