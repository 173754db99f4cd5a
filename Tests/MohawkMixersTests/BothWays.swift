import MohawkLayers
import MohawkMixers
import MohawkTensor

/// Softmax attention without a mask, as in encoders: every token sees all others.
struct BothWays: SequenceMixer {
  let heads = 3
  private let query, key, value, out: Linear

  init(_ scope: ParameterScope) {
    func projection(_ name: String) -> Linear { Linear(in: 24, out: 24, scope / name) }
    (query, key, value, out) = (projection("q"), projection("k"), projection("v"), projection("o"))
  }

  typealias Operands = (q: Tensor, k: Tensor, v: Tensor)

  func operands(_ x: Tensor, for use: OperandUse) -> Operands {
    func split(_ x: Tensor) -> Tensor { x.reshaped(x.size(0), x.size(1), heads, 8).transposed(1, 2) }
    return (split(query(x)), split(key(x)), split(value(x)))
  }

  func values(_ operands: Operands) -> Tensor { operands.v.transposed(1, 2) }
  func matrix(_ operands: Operands) -> Tensor {
    (operands.q * (1 / 8.0.squareRoot())).matmul(operands.k.transposed()).softmax(-1)
  }
  func mix(_ operands: Operands) -> Tensor {
    operands.q.attention(keys: operands.k, values: operands.v, causal: false, scale: 1 / 8.0.squareRoot())
      .transposed(1, 2)
  }
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { out(mixed.reshaped(x.shape)) }
}
