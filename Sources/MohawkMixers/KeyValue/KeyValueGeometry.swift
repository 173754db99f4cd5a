/// The geometry of a mixer of queries, keys and values, whose state is a matrix for each head.
public protocol KeyValueGeometry: MixerGeometry {
  /// Heads of values and of the matrix; a multiple of `qkHeads`.
  var heads: Int { get }
  /// Width of a head of values.
  var headDim: Int { get }
  /// Heads of queries and keys.
  var qkHeads: Int { get }
  /// Width of a head of queries and keys.
  var stateDim: Int { get }
  /// What the norm before the output projection adds to the mean square.
  var normEpsilon: Double { get }
}

extension KeyValueGeometry {
  /// Width of all values together.
  public var innerDim: Int { heads * headDim }
  /// Width of all keys together.
  public var keyDim: Int { qkHeads * stateDim }

  /// The heads in words, for tables.
  var headFacts: String { "\(heads) heads of \(headDim), \(qkHeads) of queries and keys of \(stateDim)" }

  /// What is wrong with the heads, with other sizes or with the norm's epsilon, as a sentence.
  func unsupportedSizes(_ others: [Int] = []) -> String? {
    let sizes = [modelDim, heads, headDim, qkHeads, stateDim] + others
    guard sizes.allSatisfy({ (1...1 << 24).contains($0) }), heads <= 1 << 24 / headDim, heads <= 1 << 24 / stateDim
    else { return "the sizes \(sizes.map(String.init).joined(separator: ", ")) are not those of a mixer" }
    guard heads.isMultiple(of: qkHeads) else {
      return "\(heads) heads are no multiple of \(qkHeads) heads of queries and keys"
    }
    return (0...1).contains(normEpsilon) ? nil : "an epsilon of \(normEpsilon) is not from 0 to 1"
  }
}

/// The heads of a mixer that has those of an attention.
struct KeyValueHeads {
  let heads, headDim, qkHeads, stateDim: Int
}

extension StudentMixerRequest {
  /// Heads as the attention has them, so that its projections have a place, but for what the recipe says.
  /// - Parameter title: of the kind.
  /// - Throws: `MohawkError` for what such mixers do not have, or sizes that do not fit each other.
  func keyValueHeads(of title: String) throws -> KeyValueHeads {
    try require(of: title, window: false, block: false, headDim: true)
    let headDim = headDim ?? attention.headDim
    let heads = try heads(sharing: headDim * (vHeads ?? attention.heads))
    return KeyValueHeads(
      heads: heads.v, headDim: headDim, qkHeads: heads.qk, stateDim: stateDim ?? attention.headDim)
  }
}

extension AttentionOrigin {
  /// Queries, keys, values and output are the attention's; its biases have no place.
  static let queriesKeysAndValues: [String: AttentionOrigin] = [
    "in_proj.q": .attentionStart(["q_proj.weight"]), "in_proj.k": .attentionStart(["k_proj.weight"]),
    "in_proj.v": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]
}
