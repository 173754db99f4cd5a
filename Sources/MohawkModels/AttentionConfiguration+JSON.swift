import MohawkFiles
import MohawkMixers

extension AttentionConfiguration {
  /// Reads the keys that Phi's `config.json` and the attention layers of the authors' one have in common.
  /// - Parameters:
  ///   - rotary: the object with the rotary keys, when they do not stand in `json` itself.
  ///   - heads: the number of heads when the file does not say; nil when it must.
  /// - Throws: `MohawkError` when sizes are missing or do not fit each other.
  init(_ json: ModelJSON, rotary: ModelJSON? = nil, modelDim: Int, heads fallback: Int? = nil) throws {
    let heads = try json.integer("num_attention_heads", default: fallback)
    let kvHeads = try json.integer("num_key_value_heads", default: heads)
    guard modelDim.isMultiple(of: heads), heads.isMultiple(of: kvHeads) else {
      throw MohawkError(
        .invalidValue, "\(heads) heads and \(kvHeads) key-value heads do not fit width \(modelDim)", at: json.path)
    }
    let headDim = modelDim / heads
    func number(_ key: String, default fallback: Double) throws -> Double {
      let outer = try json.number(key, default: fallback)
      return try rotary?.number(key, default: outer) ?? outer
    }
    let fraction = try number("partial_rotary_factor", default: 0.5)
    // A fraction such as 2/49 times 49 may be a little less than 2.
    let exact = Double(headDim) * fraction + 1e-6
    guard (0...1).contains(fraction), case let rotaryDim = Int(exact), rotaryDim.isMultiple(of: 2) else {
      throw MohawkError(
        .invalidValue, "partial_rotary_factor \(fraction) gives no even number of \(headDim) dimensions", at: json.path)
    }
    let base = try number("rope_theta", default: 10_000)
    guard base > 0 else { throw MohawkError(.invalidValue, "rope_theta \(base) is not above 0", at: json.path) }
    self.init(
      modelDim: modelDim, heads: heads, kvHeads: kvHeads, headDim: headDim, rotaryDim: rotaryDim, rotaryBase: base,
      maxLength: try json.integer("max_position_embeddings", default: 2048), bias: true)
  }

  /// The geometry that stands where no layer has attention.
  static func unused(modelDim: Int) -> AttentionConfiguration {
    AttentionConfiguration(
      modelDim: modelDim, heads: 1, kvHeads: 1, headDim: modelDim, rotaryDim: 0, maxLength: 2048, bias: true)
  }
}
