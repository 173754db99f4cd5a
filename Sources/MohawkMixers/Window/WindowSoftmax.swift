import MohawkLayers
import MohawkTensor

/// Queries and keys of a sliding window, and what their softmax makes of values.
struct WindowSoftmax {
  let configuration: WindowConfiguration
  let heads: Int
  let query, key: Linear
  let queryNorm, keyNorm: RMSNorm?
  private let rotary: RotaryEmbedding

  /// Asks for the parameters `q_proj`, `k_proj`, `q_norm` and `k_norm`.
  init(_ configuration: WindowConfiguration, modelDim: Int, heads: Int, _ scope: ParameterScope) {
    precondition(heads.isMultiple(of: configuration.kvHeads), "\(heads) heads for \(configuration.kvHeads) of keys")
    self.configuration = configuration
    self.heads = heads
    let (width, bias) = (configuration.headDim, configuration.bias)
    query = Linear(in: modelDim, out: heads * width, bias: bias, scope / "q_proj")
    key = Linear(in: modelDim, out: configuration.kvHeads * width, bias: bias, scope / "k_proj")
    func headNorm(_ name: String) -> RMSNorm? {
      configuration.headNormEpsilon.map { RMSNorm(width, epsilon: $0, scope / name) }
    }
    queryNorm = headNorm("q_norm")
    keyNorm = headNorm("k_norm")
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, scaling: configuration.rotaryScaling,
      positions: .max, on: query.weight.device)
  }

  /// Names of its parameters.
  static let parameterNames = [
    "q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "q_norm.weight", "k_norm.weight",
  ]

  /// Queries and keys of one input.
  struct Operands {
    /// [batch, heads, length, headDim], scaled and rotated.
    let q: Tensor
    /// [batch, kvHeads, length, headDim], rotated.
    let k: Tensor
  }

  /// - Parameter offset: the position of the first token of x.
  func operands(_ x: Tensor, offset: Int) -> Operands {
    func heads(_ x: Tensor, _ count: Int, _ norm: RMSNorm?) -> Tensor {
      let parts = x.reshaped(x.size(0), x.size(1), count, configuration.headDim)
      return rotary((norm.map { $0(parts).to(x.dtype) } ?? parts).transposed(1, 2), offset: offset)
    }
    return Operands(
      q: heads(query(x), self.heads, queryNorm) * configuration.resolvedScale,
      k: heads(key(x), configuration.kvHeads, keyNorm))
  }

  /// [batch, count, ..] with every row repeated for each of the heads that share it.
  private func everyHead(_ x: Tensor) -> Tensor { x.repeatedEach(heads / x.size(1), 1) }

  /// [batch, heads, length, length]
  func matrix(_ operands: Operands) -> Tensor {
    SlidingWindow.weights(
      q: operands.q, k: everyHead(operands.k), window: configuration.tokens, sinks: configuration.sinks)
  }

  /// The matrix applied to values [batch, heads or kvHeads, length, width]: [batch, heads, length, width].
  func mix(_ operands: Operands, _ values: Tensor, position: Int = 0, past: SlidingWindow.Past? = nil) -> Tensor {
    SlidingWindow.mix(
      q: operands.q, k: everyHead(operands.k), values: everyHead(values), window: configuration.tokens,
      sinks: configuration.sinks, position: position, past: past)
  }

  /// The same for the next tokens after `position` others; the memory takes them in.
  func advance(_ operands: Operands, _ values: Tensor, _ memory: WindowState, position: Int) -> Tensor {
    let dtype = operands.q.dtype
    if values.size(2) > 1 {
      let past = position > 0 ? memory.past(at: position, heads: heads, dtype) : nil
      let mixed = mix(operands, values, position: position, past: past)
      memory.remember(keys: operands.k, values: values, at: position)
      return mixed
    }
    memory.remember(keys: operands.k, values: values, at: position)
    func seen(_ buffer: Tensor) -> Tensor {
      everyHead(buffer.narrowed(2, from: 0, length: memory.count(at: position + 1)).to(dtype))
    }
    return operands.q.matmul(seen(memory.keys).transposed()).softmax(-1).matmul(seen(memory.values))
  }

  /// The memory before the first token, for values of so many heads of this width.
  func emptyMemory(batch: Int, valueHeads: Int, width: Int) -> WindowState {
    let wide = query.weight.dtype.wide
    func buffer(_ heads: Int, _ width: Int) -> Tensor {
      .zeros([batch, heads, configuration.rows, width], wide, on: query.weight.device)
    }
    return WindowState(
      keys: buffer(configuration.kvHeads, configuration.headDim), values: buffer(valueHeads, width),
      tokens: configuration.tokens, sinks: configuration.sinks)
  }
}
