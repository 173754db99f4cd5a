import MohawkLayers
import MohawkTensor

/// The geometry of a causal attention mixer.
public struct AttentionConfiguration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of the queries and of the matrix.
  public var heads: Int
  /// Heads of keys and values; `heads` is a multiple.
  public var kvHeads: Int
  /// Width of one head.
  public var headDim: Int
  /// How many of a head's dimensions carry the rotary position.
  public var rotaryDim: Int
  /// Base of the rotary wave lengths.
  public var rotaryBase: Double
  /// Positions that the rotary embedding knows.
  public var maxLength: Int
  /// Whether the four projections have biases.
  public var bias: Bool

  /// `heads` must be a multiple of `kvHeads`, and `rotaryDim` even.
  public init(
    modelDim: Int, heads: Int, kvHeads: Int, headDim: Int, rotaryDim: Int, rotaryBase: Double = 10_000, maxLength: Int,
    bias: Bool
  ) {
    self.modelDim = modelDim
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.rotaryDim = rotaryDim
    self.rotaryBase = rotaryBase
    self.maxLength = maxLength
    self.bias = bias
  }
}

/// Causal softmax attention with grouped keys and values and rotary positions.
public struct Attention: SequenceMixer {
  /// The geometry.
  public let configuration: AttentionConfiguration
  let query, key, value, dense: Linear
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
    let wide = configuration.heads * configuration.headDim
    let narrow = configuration.kvHeads * configuration.headDim
    query = Linear(in: d, out: wide, bias: configuration.bias, scope / "q_proj")
    key = Linear(in: d, out: narrow, bias: configuration.bias, scope / "k_proj")
    value = Linear(in: d, out: narrow, bias: configuration.bias, scope / "v_proj")
    let spread = 1 / (Double(wide).squareRoot() * Double(2 * depth).squareRoot())
    dense = Linear(in: wide, out: d, bias: configuration.bias, initial: .normal(spread), scope / "dense")
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, positions: configuration.maxLength,
      on: dense.weight.device)
  }

  public var heads: Int { configuration.heads }

  /// Queries, keys and values of one input.
  public struct Operands {
    /// [batch, heads, length, headDim], turned.
    let q: Tensor
    /// [batch, kvHeads, length, headDim], turned.
    let k: Tensor
    /// [batch, kvHeads, length, headDim]; nil when asked for the matrix only.
    let v: Tensor?
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, offset: 0) }

  private func operands(_ x: Tensor, for use: OperandUse, offset: Int) -> Operands {
    Operands(
      q: rotary(heads(query(x), configuration.heads), offset: offset),
      k: rotary(heads(key(x), configuration.kvHeads), offset: offset),
      v: use == .mixing ? heads(value(x), configuration.kvHeads) : nil)
  }

  /// [batch, length, count · headDim] to [batch, count, length, headDim].
  private func heads(_ x: Tensor, _ count: Int) -> Tensor {
    x.reshaped(x.size(0), x.size(1), count, configuration.headDim).transposed(1, 2)
  }

  private var scale: Double { 1 / Double(configuration.headDim).squareRoot() }
  private var group: Int { configuration.heads / configuration.kvHeads }

  public func values(_ operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v.repeatedEach(group, 1).transposed(1, 2)
  }

  public func matrix(_ operands: Operands) -> Tensor {
    let keys = operands.k.repeatedEach(group, 1)
    let scores = (operands.q * scale).matmul(keys.transposed())
    let length = scores.size(-1)
    let mask = Tensor.full([length, length], -1e30, scores.dtype, on: scores.device).upperTriangle(1)
    return (scores + mask).softmax(-1)
  }

  public func mix(_ operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return operands.q.attention(
      keys: operands.k.repeatedEach(group, 1), values: v.repeatedEach(group, 1), causal: true, scale: scale
    ).transposed(1, 2)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    dense(mixed.reshaped(mixed.size(0), mixed.size(1), configuration.heads * configuration.headDim))
  }

  public func emptyState(batch: Int) -> any MixerState { AttentionState(batch: batch) }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? AttentionState else { preconditionFailure("a state of another mixer") }
    let seen = state.position
    let operands = operands(x, for: .mixing, offset: seen)
    state.append(keys: operands.k, values: values(of: operands))
    if seen == 0, x.size(1) > 1 { return output(mix(operands), x) }
    let keys = state.keys.repeatedEach(group, 1)
    let values = state.values.repeatedEach(group, 1)
    if x.size(1) == 1 {
      let mixed = operands.q.attention(keys: keys, values: values, causal: false, scale: scale)
      return output(mixed.transposed(1, 2), x)
    }
    // New token i of `length` sees all `seen` earlier ones and the first i + 1 new ones.
    let length = x.size(1)
    let mask = Tensor.full([length, seen + length], -1e30, operands.q.dtype, on: x.device).upperTriangle(seen + 1)
    let weights = ((operands.q * scale).matmul(keys.transposed()) + mask).softmax(-1)
    return output(weights.matmul(values).transposed(1, 2), x)
  }

  private func values(of operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }
}
