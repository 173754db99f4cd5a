import Foundation
import MohawkFiles
import MohawkLayers

extension ModelJSON {
  private enum Neutral {
    /// Absent, null, false or 0.
    case off
    /// Absent, null or 1.
    case one
    /// Absent, null or true.
    case on
  }

  /// Keys of any family that change what is computed, and the values that do not.
  private static let mathematics: [String: Neutral] = [
    "attention_bias": .off, "mlp_bias": .off, "attn_logit_softcapping": .off, "final_logit_softcapping": .off,
    "logit_softcapping": .off, "logits_soft_cap": .off, "query_pre_attn_scalar": .off, "clip_qkv": .off,
    "qk_layernorm": .off, "use_qk_norm": .off, "qk_norm": .off, "num_local_experts": .off, "num_experts": .off,
    "n_routed_experts": .off, "moe_intermediate_size": .off, "quantization_config": .off, "quantization": .off,
    "compression_config": .off, "no_rope_layers": .off,
    "no_rope_layer_interval": .off, "alibi": .off, "scale_attn_by_inverse_layer_idx": .off,
    "add_cross_attention": .off, "is_encoder_decoder": .off, "sliding_window": .off, "use_sliding_window": .off,
    "rope_interleaved": .off, "rope_interleave": .off, "attention_chunk_size": .off, "scale_embedding": .off,
    "layer_types": .off, "position_embedding_type": .off, "use_mrope": .off, "attention_multiplier": .off,
    "use_bidirectional_attention": .off, "lm_head_bias": .off, "rope_local_base_freq": .off,
    "embedding_multiplier": .one, "residual_multiplier": .one, "logits_scaling": .one, "logit_scale": .one,
    "partial_rotary_factor": .one, "scale_attn_weights": .on, "is_decoder": .on,
  ]

  /// Refuses keys that change what is computed in a way that is not built here.
  /// - Parameter read: the keys that the family reads itself.
  func refuseOtherMathematics(than read: Set<String>) throws {
    for (key, neutral) in Self.mathematics.sorted(by: { $0.key < $1.key }) where !read.contains(key) {
      guard let value = object[key], !(value is NSNull) else { continue }
      let isNeutral: Bool
      switch neutral {
      case .off: isNeutral = (value as? NSNumber)?.doubleValue == 0
      case .one: isNeutral = (value as? NSNumber)?.doubleValue == 1
      case .on: isNeutral = (value as? NSNumber)?.boolValue == true
      }
      if isNeutral || (key == "layer_types" && isFullAttention(value)) { continue }
      // Decoders that were never part of a pair say so too.
      if key == "is_decoder" { continue }
      throw MohawkError(
        .unsupported, "'\(key)' is \(Self.short(value)), which this architecture cannot compute here", at: path,
        remedy: "use a model without it")
    }
  }

  private func isFullAttention(_ value: Any) -> Bool {
    (value as? [String])?.allSatisfy { $0 == "full_attention" } ?? false
  }

  static func short(_ value: Any) -> String {
    // Truth values are numbers to Foundation.
    if let number = value as? NSNumber, number.objCType.pointee == CChar(UInt8(ascii: "c")) {
      return "\(number.boolValue)"
    }
    let text = "\(value)".split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return text.count > 60 ? text.prefix(60) + "…" : text
  }

  /// The activation of the MLP.
  func activation(_ key: String = "hidden_act", default fallback: String) throws -> Activation {
    let name = try string(key, default: fallback)
    switch name {
    case "silu", "swish": return .silu
    case "gelu", "gelu_python": return .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate": return .geluTanh
    case "relu": return .relu
    case "relu2": return .squaredRelu
    default:
      throw MohawkError(
        .unsupported, "the activation '\(name)' is not known", at: "\(path): \(key)",
        remedy: "known are silu, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu and relu2, and other names of these"
      )
    }
  }

  /// An epsilon of norms, above or at 0.
  func epsilon(_ key: String, default fallback: Double) throws -> Double {
    let value = try number(key, default: fallback)
    guard (0...1).contains(value) else {
      throw MohawkError(.invalidValue, "\(key) is \(value), not between 0 and 1", at: path)
    }
    return value
  }

  /// Rotary positions as files of all ages describe them: keys at the top, in `rope_scaling` or in `rope_parameters`.
  /// Where there are both, the older one counts, as in transformers.
  /// - Parameter length: the tokens that the model looks at.
  func rotary(base fallback: Double, fraction: Double, length: Int) throws -> (
    base: Double, scaling: RotaryScaling, fraction: Double
  ) {
    let described = try [object("rope_scaling"), object("rope_parameters")].compactMap { $0 }
    let nested = described.first { !$0.object.isEmpty }
    if let kind = nested?.object.first(where: { $0.value is [String: Any] })?.key {
      throw MohawkError(
        .unsupported, "rotary positions that differ between layers ('\(Self.short(kind))') are not supported",
        at: nested?.path, remedy: "use a model without them")
    }
    func number(_ key: String, default fallback: Double) throws -> Double {
      let outer = try self.number(key, default: fallback)
      return try nested?.number(key, default: outer) ?? outer
    }
    let base = try number("rope_theta", default: fallback)
    guard base > 0 else { throw MohawkError(.invalidValue, "rope_theta \(base) is not above 0", at: path) }
    // The key at the top goes before that of the scaling, as in transformers.
    let original = has("original_max_position_embeddings") ? try self.number("original_max_position_embeddings") : nil
    let scaling = try nested?.rotaryScaling(originalLength: original, maxLength: length) ?? .none
    return (base, scaling, try number("partial_rotary_factor", default: fraction))
  }

  /// The ids that `config.json` gives a meaning.
  func tokenRoles() -> TokenRoles {
    // Some files write -1 for none.
    func id(_ value: Any?) -> Int? {
      (value as? NSNumber).flatMap { Int(exactly: $0.doubleValue) }.flatMap { (0...1 << 31).contains($0) ? $0 : nil }
    }
    var roles = TokenRoles()
    roles.beginning = id(object["bos_token_id"])
    roles.padding = id(object["pad_token_id"])
    if let all = object["eos_token_id"] as? [Any] {
      roles.ends = all.compactMap(id)
    } else if let one = id(object["eos_token_id"]) {
      roles.ends = [one]
    }
    return roles
  }
}

extension Activation {
  /// The name in `config.json` files.
  var configName: String {
    switch self {
    case .gelu: "gelu"
    case .geluTanh: "gelu_new"
    case .silu: "silu"
    case .relu: "relu"
    case .squaredRelu: "relu2"
    }
  }
}
