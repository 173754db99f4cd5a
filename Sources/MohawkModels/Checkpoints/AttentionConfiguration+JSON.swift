import MohawkFiles
import MohawkMixers

extension AttentionConfiguration {
  /// Reads the keys that the families have in common.
  /// - Parameters:
  ///   - json: a `config.json`.
  ///   - heads: the number of heads when the file does not say; nil when it must.
  ///   - fraction: the share of a head's dimensions that turns when the file does not say.
  ///   - bias: whether queries, keys and values have biases.
  /// - Throws: `MohawkError` when sizes are missing or do not fit each other.
  init(
    _ json: ModelJSON, modelDim: Int, heads fallback: Int? = nil, base: Double = 10_000, fraction: Double = 1,
    bias: Bool
  ) throws {
    let heads = try json.integer("num_attention_heads", default: fallback)
    let kvHeads = try json.integer("num_key_value_heads", default: heads)
    let hasHeadDim = json.has("head_dim")
    guard heads.isMultiple(of: kvHeads), hasHeadDim || modelDim.isMultiple(of: heads) else {
      throw MohawkError(
        .invalidValue, "\(heads) heads and \(kvHeads) key-value heads do not fit width \(modelDim)", at: json.path)
    }
    let headDim = hasHeadDim ? try json.integer("head_dim", in: 1...65_536) : modelDim / heads
    guard heads <= 1 << 24 / headDim else {
      throw MohawkError(.invalidValue, "\(heads) heads of \(headDim) dimensions are too many", at: json.path)
    }
    let rotary = try json.rotary(base: base, fraction: fraction)
    self.init(
      modelDim: modelDim, heads: heads, kvHeads: kvHeads, headDim: headDim,
      rotaryDim: try Self.rotaryDim(headDim, rotary.fraction, at: json.path), rotaryBase: rotary.base,
      maxLength: try json.integer("max_position_embeddings", default: 2048), bias: bias)
    rotaryScaling = rotary.scaling
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

  /// The geometry that stands where no layer has attention.
  public static func unused(modelDim: Int) -> AttentionConfiguration {
    AttentionConfiguration(
      modelDim: modelDim, heads: 1, kvHeads: 1, headDim: modelDim, rotaryDim: 0, maxLength: 2048, bias: true)
  }
}
