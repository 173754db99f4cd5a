import MohawkLayers
import MohawkTensor

/// Gated linear attention (Yang, Wang, Shen, Panda and Kim 2023): linear attention whose state forgets, each channel of the
/// keys at a rate of its own that is projected from the token.
///
/// q is divided by √stateDim; log a = log sigmoid(W_f f + bias) / 16; out = W_out (norm(y) ⊙ SiLU(z)) with one norm for each
/// head.
public struct GatedLinear: SequenceMixer {
  /// The geometry.
  public let configuration: GatedLinearConfiguration
  private let qRows, kRows, vRows, zRows, fRows: InputRows
  private let decayProjection: Linear
  private let norm: RMSNorm
  private let outProjection: Linear

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: GatedLinearConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner, keys) = (
      configuration.modelDim, configuration.innerDim, configuration.qkHeads * configuration.stateDim
    )
    func rows(_ name: String, _ count: Int) -> InputRows {
      InputRows(name, in: d, out: count, bias: false, scope / "in_proj")
    }
    (qRows, kRows, vRows) = (rows("q", keys), rows("k", keys), rows("v", inner))
    (zRows, fRows) = (rows("z", inner), rows("f", configuration.gateRank))
    decayProjection = Linear(
      in: configuration.gateRank, out: configuration.heads * configuration.stateDim,
      initial: .uniform(1 / Double(configuration.gateRank).squareRoot()), scope / "f_proj")
    norm = RMSNorm(configuration.headDim, epsilon: configuration.normEpsilon, scope / "norm")
    let spread = 1 / (Double(inner).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: inner, out: d, bias: false, initial: .uniform(spread), scope / "out_proj")
  }

  /// Queries, keys, values and output are the attention's; its biases have no place.
  public static let attentionOrigins: [String: AttentionOrigin] = [
    "in_proj.q": .attentionStart(["q_proj.weight"]), "in_proj.k": .attentionStart(["k_proj.weight"]),
    "in_proj.v": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  public static func decaysDependOn(_ parameterName: String) -> Bool {
    ["in_proj.f", "f_proj.weight", "f_proj.bias"].contains { parameterName.hasSuffix("." + $0) }
  }

  /// Of queries, keys and decays.
  public static func matrixDependsOn(_ parameterName: String) -> Bool {
    decaysDependOn(parameterName) || ["in_proj.q", "in_proj.k"].contains { parameterName.hasSuffix("." + $0) }
  }

  public var heads: Int { configuration.heads }

  /// Queries, keys, values and log-decays of one input.
  public struct Operands {
    /// [batch, length, qkHeads, stateDim], q over √stateDim; fp32 or wider.
    let q, k: Tensor
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let v: Tensor?
    /// log a, [batch, length, heads, stateDim], fp32 or wider.
    let logDecay: Tensor
    /// The type that the layer computes in.
    let dtype: DType
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands {
    let shape = configuration
    // log sigmoid(f) = −softplus(−f)
    let decay = (-decayProjection(fRows(x)).to(wide)).softplus() * (-1 / shape.gateDivisor)
    return Operands(
      q: DeltaInputs.split(qRows(x).to(wide), shape.qkHeads) * (1 / Double(shape.stateDim).squareRoot()),
      k: DeltaInputs.split(kRows(x).to(wide), shape.qkHeads),
      v: use == .mixing ? DeltaInputs.split(vRows(x), shape.heads) : nil,
      logDecay: DeltaInputs.split(decay, shape.heads), dtype: x.dtype)
  }

  /// The type of what must not lose digits: decays and the state.
  private var wide: DType { norm.weight.dtype == .float64 ? .float64 : .float32 }

  public func values(_ operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }

  public func matrix(_ operands: Operands) -> Tensor {
    ChannelDecay.matrix(q: operands.q, k: operands.k, beta: nil, logDecay: operands.logDecay).to(operands.dtype)
  }

  public func mix(_ operands: Operands) -> Tensor { mix(operands, state: nil).y }

  private func mix(_ operands: Operands, state: Tensor?) -> (y: Tensor, state: Tensor) {
    ChannelDecay.chunks(
      q: operands.q, k: operands.k, v: values(operands), beta: nil, logDecay: operands.logDecay, state: state)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let gate = DeltaInputs.split(zRows(x), configuration.heads).to(wide).silu()
    let gated = (norm(mixed, as: wide) * gate).to(x.dtype)
    return outProjection(gated.reshaped(x.size(0), x.size(1), configuration.innerDim))
  }

  public func emptyState(batch: Int) -> any MixerState {
    let shape = configuration
    return LinearState(.zeros([batch, shape.heads, shape.stateDim, shape.headDim], wide, on: norm.weight.device))
  }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? LinearState else { preconditionFailure("a state of another mixer") }
    let operands = operands(x, for: .mixing)
    state.position += x.size(1)
    if x.size(1) > 1 {
      let (y, memory) = mix(operands, state: state.memory)
      state.memory = memory
      return output(y, x)
    }
    let (y, memory) = ChannelDecay.step(
      q: operands.q.squeezed(1), k: operands.k.squeezed(1), v: values(operands).squeezed(1), beta: nil,
      logDecay: operands.logDecay.squeezed(1), state: state.memory)
    state.memory = memory
    return output(y.unsqueezed(1), x)
  }
}
