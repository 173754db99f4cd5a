import MohawkLayers
import MohawkTensor

/// Full softmax attention in some heads of a mixer, in place of what its other parts make of these heads: their queries
/// and the keys of their groups. Values are the mixer's own.
package struct KeptAttention {
  package let attention: AttentionConfiguration
  /// Which of the mixer's heads, ascending; at least one.
  package let heads: [Int]
  /// Which of the attention's heads of keys they share, ascending.
  package let groups: [Int]
  package let query, key: Linear
  package let queryNorm, keyNorm: RMSNorm?
  private let rotary: RotaryEmbedding
  /// Of every kept head its place among all heads, and among the groups its own: int64 [kept].
  private let places, groupPlaces: Tensor
  /// Where every head stands in a list of all heads with the kept ones behind it: int64 [heads].
  private let order: Tensor

  /// Asks for the parameters `q_proj`, `k_proj`, `q_norm` and `k_norm`.
  /// - Parameters:
  ///   - heads: ascending, at least one, all of the attention.
  ///   - attention: whose queries and keys they have; a mixer has as many heads.
  ///   - scope: where the parameters get their names.
  init(_ heads: [Int], of attention: AttentionConfiguration, _ scope: ParameterScope) {
    precondition(heads.allSatisfy { (0..<attention.heads).contains($0) }, "heads \(heads) of \(attention.heads)")
    self.attention = attention
    self.heads = heads
    let perGroup = attention.heads / attention.kvHeads
    let groups = Set(heads.map { $0 / perGroup }).sorted()
    self.groups = groups
    let (d, width, bias) = (attention.modelDim, attention.headDim, attention.bias)
    query = Linear(in: d, out: heads.count * width, bias: bias, scope / "q_proj")
    key = Linear(in: d, out: groups.count * width, bias: bias, scope / "k_proj")
    func headNorm(_ name: String) -> RMSNorm? {
      attention.headNormEpsilon.map { RMSNorm(width, epsilon: $0, scope / name) }
    }
    queryNorm = headNorm("q_norm")
    keyNorm = headNorm("k_norm")
    let device = query.weight.device
    rotary = RotaryEmbedding(
      dimensions: attention.rotaryDim, base: attention.rotaryBase, scaling: attention.rotaryScaling,
      positions: attention.maxLength, on: device)
    func index(_ numbers: [Int]) -> Tensor { Tensor(numbers.map(Int64.init)).to(on: device) }
    places = index(heads)
    groupPlaces = index(heads.map { groups.firstIndex(of: $0 / perGroup)! })
    order = index((0..<attention.heads).map { head in heads.firstIndex(of: head).map { attention.heads + $0 } ?? head })
  }

  /// What its parameters start from in the attention, by their names in the mixer.
  static let origins: [String: AttentionOrigin] = {
    let rows = ["q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias"]
    let norms = ["q_norm.weight", "k_norm.weight"]
    return Dictionary(
      uniqueKeysWithValues: rows.map { ("\(scopeName).\($0)", .keptHeads($0)) }
        + norms.map { ("\(scopeName).\($0)", .everyStart($0)) })
  }()

  /// Where a mixer's kept heads have their parameters.
  static let scopeName = "kept"

  /// Queries and keys of one input.
  struct Operands {
    /// [batch, kept heads, length, headDim], rotated.
    let q: Tensor
    /// [batch, groups, length, headDim], rotated.
    let k: Tensor
  }

  /// - Parameter offset: the position of the first token of x.
  func operands(_ x: Tensor, offset: Int) -> Operands {
    func heads(_ x: Tensor, _ norm: RMSNorm?) -> Tensor {
      let parts = x.reshaped(x.size(0), x.size(1), x.size(2) / attention.headDim, attention.headDim)
      return rotary((norm.map { $0(parts).to(x.dtype) } ?? parts).transposed(1, 2), offset: offset)
    }
    return Operands(q: heads(query(x), queryNorm), k: heads(key(x), keyNorm))
  }

  /// [batch, groups, ..] with the group of every kept head.
  private func everyHead(_ x: Tensor) -> Tensor { x.indexed(1, groupPlaces) }

  /// Of values [batch, length, heads, width] those of the kept heads, [batch, kept heads, length, width].
  private func kept(_ values: Tensor) -> Tensor { values.indexed(2, places).transposed(1, 2) }

  /// `others` with the matrices of the kept heads in their places, [batch, heads, length, length].
  func matrix(_ operands: Operands, in others: Tensor) -> Tensor {
    let length = operands.q.size(2)
    let own = weights(operands.q, everyHead(operands.k), first: 0, keys: length)
    return Tensor.concatenated([others, own.to(others.dtype)], 1).indexed(1, order)
  }

  /// What the matrix makes of values [batch, length, heads, width], where the other parts give `others` of that shape.
  func mix(_ operands: Operands, values: Tensor, in others: Tensor) -> Tensor {
    join(mixed(operands, everyHead(operands.k), kept(values)), others)
  }

  private func mixed(_ operands: Operands, _ keys: Tensor, _ values: Tensor) -> Tensor {
    operands.q.attention(keys: keys, values: values, causal: true, scale: attention.resolvedScale)
  }

  /// Puts [batch, kept heads, length, width] into [batch, length, heads, width].
  private func join(_ mixed: Tensor, _ others: Tensor) -> Tensor {
    Tensor.concatenated([others, mixed.transposed(1, 2).to(others.dtype)], 2).indexed(2, order)
  }

  /// softmax of the scores of queries whose first one stands at key `first` of `keys`, and which see no later key.
  private func weights(_ q: Tensor, _ k: Tensor, first: Int, keys: Int) -> Tensor {
    let scores = (q * attention.resolvedScale).matmul(k.transposed())
    let hidden = Tensor.full([q.size(2), keys], -1e30, scores.dtype, on: scores.device).upperTriangle(first + 1)
    return (scores + hidden).softmax(-1)
  }

  /// What it remembers before the first token.
  func emptyState(batch: Int, valueWidth: Int) -> AttentionState {
    AttentionState(batch: batch, keys: (groups.count, attention.headDim), values: (heads.count, valueWidth))
  }

  /// The same as `mix` for the next tokens; the memory takes in the keys of their groups and the values of these heads.
  func advance(_ operands: Operands, values: Tensor, in others: Tensor, _ memory: AttentionState) -> Tensor {
    let values = kept(values)
    let (before, added) = (memory.position, operands.q.size(2))
    memory.append(keys: operands.k, values: values)
    if before == 0, added > 1 { return join(mixed(operands, everyHead(operands.k), values), others) }
    let keys = everyHead(memory.keys(last: before + added))
    let known = memory.values(last: before + added)
    if added == 1 {
      let mixed = operands.q.attention(keys: keys, values: known, causal: false, scale: attention.resolvedScale)
      return join(mixed, others)
    }
    return join(weights(operands.q, keys, first: before, keys: before + added).matmul(known), others)
  }
}
