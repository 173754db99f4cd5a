import MohawkLayers
import MohawkTensor

/// Causal softmax attention with grouped keys and values, rotary positions, and where the model has them norms of
/// queries and keys, a soft cap on the scores and a sliding window.
public struct Attention: CausalMixer {
  /// The geometry.
  public let configuration: AttentionConfiguration
  package let query, key, value, dense: Linear
  package let queryNorm, keyNorm: RMSNorm?
  let rotary: RotaryEmbedding

  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√(2 depth).
  ///   - device: where the rotary tables lie.
  ///   - scope: where the parameters get their names.
  public init(
    _ configuration: AttentionConfiguration, depth: Int = 1, on device: Device = .cpu, _ scope: ParameterScope
  ) {
    self.configuration = configuration
    let d = configuration.modelDim
    let (wide, narrow, matrix) = (configuration.width, configuration.kvWidth, scope.with(.shapesMatrix))
    query = Linear(in: d, out: wide, bias: configuration.bias, matrix / "q_proj")
    key = Linear(in: d, out: narrow, bias: configuration.bias, matrix / "k_proj")
    value = Linear(in: d, out: narrow, bias: configuration.bias, scope / "v_proj")
    let spread = 1 / (Double(wide).squareRoot() * Double(2 * depth).squareRoot())
    dense = Linear(in: wide, out: d, bias: configuration.outputBias, initial: .normal(spread), scope / "dense")
    func norm(_ name: String, _ width: Int) -> RMSNorm? {
      configuration.headNormEpsilon.map {
        RMSNorm(configuration.normsAcrossHeads ? width : configuration.headDim, epsilon: $0, matrix / name)
      }
    }
    queryNorm = norm("q_norm", wide)
    keyNorm = norm("k_norm", narrow)
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, scaling: configuration.rotaryScaling,
      positions: configuration.maxLength, on: dense.weight.device)
  }

  public var heads: Int { configuration.heads }

  /// Queries, keys and values of one input.
  public struct Operands {
    /// [batch, heads, length, headDim], rotated.
    let q: Tensor
    /// [batch, kvHeads, length, headDim], rotated.
    let k: Tensor
    /// [batch, kvHeads, length, headDim]; nil when asked for the matrix only.
    let v: Tensor?
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, offset: 0) }

  private func operands(_ x: Tensor, for use: OperandUse, offset: Int) -> Operands {
    Operands(
      q: rotary(heads(query(x), configuration.heads, queryNorm), offset: offset),
      k: rotary(heads(key(x), configuration.kvHeads, keyNorm), offset: offset),
      v: use == .mixing ? heads(value(x), configuration.kvHeads) : nil)
  }

  /// [batch, length, count · headDim] to [batch, count, length, headDim].
  private func heads(_ x: Tensor, _ count: Int, _ norm: RMSNorm? = nil) -> Tensor {
    func heads(_ x: Tensor) -> Tensor { x.reshaped(x.size(0), x.size(1), count, configuration.headDim) }
    guard let norm else { return heads(x).transposed(1, 2) }
    let normed = configuration.normsAcrossHeads ? heads(norm(x)) : norm(heads(x))
    return normed.to(x.dtype).transposed(1, 2)
  }

  private var scale: Double { configuration.resolvedScale }
  private var group: Int { configuration.heads / configuration.kvHeads }

  public func values(_ operands: Operands) -> Tensor {
    values(of: operands).repeatedEach(group, 1).transposed(1, 2)
  }

  public func matrix(_ operands: Operands) -> Tensor {
    let length = operands.q.size(2)
    return weights(operands.q, operands.k.repeatedEach(group, 1), first: 0, keys: length)
  }

  /// Factored unless a window cuts rows short or a soft cap changes the scores.
  public func factoredMatrix(_ operands: Operands) -> MixerMatrix {
    let isCut = configuration.window.map { $0 < operands.q.size(2) } ?? false
    let factors = SoftmaxFactors(q: operands.q, k: operands.k, scale: scale)
    return MixerMatrix(isCut || configuration.scoreCap != nil ? nil : .softmax(factors)) { matrix(operands) }
  }

  public func mix(_ operands: Operands) -> Tensor {
    let keys = operands.k.repeatedEach(group, 1)
    let values = values(of: operands).repeatedEach(group, 1)
    if let window = configuration.window, window < keys.size(2) {
      if configuration.sinks != nil { return matrix(operands).matmul(values).transposed(1, 2) }
      return inBlocks(operands.q, keys, values, of: window).transposed(1, 2)
    }
    if configuration.scoreCap != nil {
      return inBlocks(operands.q, keys, values, of: Self.cappedBlock).transposed(1, 2)
    }
    return operands.q.attention(keys: keys, values: values, causal: true, scale: scale).transposed(1, 2)
  }

  /// Queries of a block where scores have a cap and no window.
  private static let cappedBlock = 256

  /// The queries in blocks. With a window, and blocks of its size, a block sees its own keys and those of the block
  /// before it, so that work and memory grow with the length times the window.
  private func inBlocks(_ q: Tensor, _ keys: Tensor, _ values: Tensor, of rows: Int) -> Tensor {
    let length = q.size(2)
    let rows = stride(from: 0, to: length, by: rows).map { start in
      let end = min(start + rows, length)
      let from = configuration.window.map { max(0, start - $0 + 1) } ?? 0
      let weights = weights(
        q.narrowed(2, from: start, length: end - start), keys.narrowed(2, from: from, length: end - from),
        first: start - from, keys: end - from)
      return weights.matmul(values.narrowed(2, from: from, length: end - from))
    }
    return .concatenated(rows, 2)
  }

  /// softmax of the masked scores of queries whose first one stands at key `first` of `keys`; with sinks, the keys are
  /// all there are.
  private func weights(_ q: Tensor, _ k: Tensor, first: Int, keys: Int) -> Tensor {
    var scores = (q * scale).matmul(k.transposed())
    if let cap = configuration.scoreCap { scores = (scores / cap).tanh() * cap }
    let full = Tensor.full([q.size(2), keys], -1e30, scores.dtype, on: scores.device)
    var mask = full.upperTriangle(first + 1)
    if let window = configuration.window, window < keys {
      let past = full.lowerTriangle(first - window)
      if let sinks = configuration.sinks { past.narrowed(1, from: 0, length: min(sinks, keys)).fill(0) }
      mask = mask + past
    }
    return (scores + mask).softmax(-1)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    dense(mixed.reshaped(mixed.size(0), mixed.size(1), configuration.width))
  }

  public func emptyState(batch: Int) -> any MixerState {
    // Beside sinks all is kept, and masked: such a mixer is for comparisons, not for long texts.
    let heads = (configuration.kvHeads, configuration.headDim)
    return AttentionState(
      batch: batch, keys: heads, values: heads, window: configuration.sinks == nil ? configuration.window : nil)
  }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? AttentionState else { preconditionFailure("a state of another mixer") }
    let seen = state.position
    let operands = operands(x, for: .mixing, offset: seen)
    if seen == 0, x.size(1) > 1 {
      state.append(keys: operands.k, values: values(of: operands))
      return output(mix(operands), x)
    }
    let remembered = state.count
    state.append(keys: operands.k, values: values(of: operands))
    let keys = state.keys(last: remembered + x.size(1)).repeatedEach(group, 1)
    let values = state.values(last: remembered + x.size(1)).repeatedEach(group, 1)
    if x.size(1) == 1, configuration.sinks == nil, configuration.scoreCap == nil {
      let mixed = operands.q.attention(keys: keys, values: values, causal: false, scale: scale)
      return output(mixed.transposed(1, 2), x)
    }
    // New token i sees what is remembered and the first i + 1 new ones, but no more than the window.
    let weights = weights(operands.q, keys, first: remembered, keys: keys.size(2))
    return output(weights.matmul(values).transposed(1, 2), x)
  }

  private func values(of operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }
}
