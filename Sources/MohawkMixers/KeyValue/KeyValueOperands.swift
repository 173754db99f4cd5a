import MohawkTensor

/// Queries, keys, values and decays of one input.
public struct KeyValueOperands {
  /// [batch, length, qkHeads, stateDim], or features of them.
  public let q, k: Tensor
  /// [batch, length, heads, headDim]; nil when asked for the matrix only.
  public let v: Tensor?
  /// The rates β of the delta rule, [batch, length, heads], fp32 or wider; nil where keys and values are just added.
  public let beta: Tensor?
  /// log a, [batch, length, heads], or with one for each channel of the keys [batch, length, heads, stateDim]; fp32 or
  /// wider.
  public let logDecay: Tensor
  /// The type that the layer computes in.
  public let dtype: DType

  /// All that a mixer of keys and values starts from.
  public init(q: Tensor, k: Tensor, v: Tensor?, beta: Tensor? = nil, logDecay: Tensor, dtype: DType) {
    self.q = q
    self.k = k
    self.v = v
    self.beta = beta
    self.logDecay = logDecay
    self.dtype = dtype
  }

  /// Those of the only token, without the dimension of the length.
  var token: KeyValueOperands {
    KeyValueOperands(
      q: q.squeezed(1), k: k.squeezed(1), v: v?.squeezed(1), beta: beta?.squeezed(1), logDecay: logDecay.squeezed(1),
      dtype: dtype)
  }

  /// The values, which are there.
  var values: Tensor {
    guard let v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }
}

extension SequenceMixer where Operands == KeyValueOperands {
  /// Those of the operands.
  public func values(_ operands: KeyValueOperands) -> Tensor { operands.values }
}

extension Tensor {
  /// [batch, length, count · width] to [batch, length, count, width].
  func heads(_ count: Int) -> Tensor { reshaped(size(0), size(1), count, size(2) / count) }
}
