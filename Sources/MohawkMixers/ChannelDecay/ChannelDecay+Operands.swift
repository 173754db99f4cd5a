import MohawkTensor

// The forms on a mixer's operands.
extension ChannelDecay {
  /// In the type that the layer computes in.
  static func matrix(_ operands: KeyValueOperands) -> Tensor {
    matrix(q: operands.q, k: operands.k, beta: operands.beta, logDecay: operands.logDecay).to(operands.dtype)
  }

  static func chunks(_ operands: KeyValueOperands, _ memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (y, next) = chunks(
      q: operands.q, k: operands.k, v: operands.values, beta: operands.beta, logDecay: operands.logDecay, state: memory)
    return (y, next)
  }

  /// Of one token: y [batch, 1, heads, headDim].
  static func step(_ operands: KeyValueOperands, _ memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let token = operands.token
    let (y, next) = step(
      q: token.q, k: token.k, v: token.values, beta: token.beta, logDecay: token.logDecay, state: memory)
    return (y.unsqueezed(1), next)
  }
}
