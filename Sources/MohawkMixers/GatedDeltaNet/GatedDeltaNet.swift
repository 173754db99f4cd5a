import MohawkLayers
import MohawkTensor

/// The Gated DeltaNet mixer (Yang, Kautz and Hatamizadeh 2024), as in the linear layers of Qwen3-Next: the gated delta rule
/// over short queries and keys.
///
/// q, k and v pass a causal convolution and SiLU; q and k then have unit length, and q is divided by √stateDim;
/// β = sigmoid(b) and log a = −exp(A_log) softplus(a + dt_bias) are projected from the token; out = W_out (norm(y) ⊙ SiLU(z))
/// with one norm for each head.
///
/// The matrix depends on q, k, β and a, so that its values are v.
public struct GatedDeltaNet: SequenceMixer {
  /// The geometry.
  public let configuration: GatedDeltaNetConfiguration
  package let inputs: DeltaInputs
  package let zRows, bRows, aRows: InputRows
  /// One number per head each.
  package let aLog, dtBias: Tensor
  package let norm: RMSNorm
  package let outProjection: Linear

  /// Asks for the parameters. Fresh ones are those of the authors' code, but that the taps pass their token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: GatedDeltaNetConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner, heads) = (configuration.modelDim, configuration.innerDim, configuration.heads)
    func rows(_ name: String, _ count: Int) -> InputRows {
      InputRows(name, in: d, out: count, bias: false, scope / "in_proj")
    }
    var others: (z: InputRows, b: InputRows, a: InputRows)?
    inputs = DeltaInputs(
      modelDim: d, heads: heads, headDim: configuration.headDim, qkHeads: configuration.qkHeads,
      stateDim: configuration.stateDim, convWidth: configuration.convWidth, scope
    ) { others = (rows("z", inner), rows("b", heads), rows("a", heads)) }
    (zRows, bRows, aRows) = others!
    aLog = scope.parameter("A_log", [heads], .logarithmOfUniform(1, 16))
    dtBias = scope.parameter("dt_bias", [heads], .inverseSoftplusOfLogUniform(0.001, 0.1))
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
    ["in_proj.a", "A_log", "dt_bias"].contains { parameterName.hasSuffix("." + $0) }
  }

  /// Of queries, keys, β, decay, and the convolutions of queries and keys.
  public static func matrixDependsOn(_ parameterName: String) -> Bool {
    [
      "in_proj.q", "in_proj.k", "in_proj.b", "in_proj.a", "conv1d.q.weight", "conv1d.k.weight", "A_log", "dt_bias",
    ].contains { parameterName.hasSuffix("." + $0) }
  }

  public var heads: Int { configuration.heads }

  /// Queries, keys, values, β and log-decay of one input.
  public struct Operands {
    /// [batch, length, qkHeads, stateDim], of unit length, q over √stateDim; fp32 or wider.
    let q, k: Tensor
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let v: Tensor?
    /// β and log a, [batch, length, heads], fp32 or wider.
    let beta, logDecay: Tensor
    /// The type that the layer computes in.
    let dtype: DType
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, after: nil) }

  private func operands(_ x: Tensor, for use: OperandUse, after state: DeltaRuleState?) -> Operands {
    let (q, k, v) = inputs(x, for: use, after: state, as: wide)
    let step = (aRows(x).to(wide) + dtBias.to(wide)).softplus()
    return Operands(
      q: q, k: k, v: v, beta: bRows(x).to(wide).sigmoid(), logDecay: -(step * aLog.to(wide).exp()), dtype: x.dtype)
  }

  /// The type of what must not lose digits: unit vectors, decays and the state.
  private var wide: DType { aLog.dtype == .float64 ? .float64 : .float32 }

  public func values(_ operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }

  public func matrix(_ operands: Operands) -> Tensor {
    DeltaRule.matrix(q: operands.q, k: operands.k, beta: operands.beta, logDecay: operands.logDecay)
      .to(operands.dtype)
  }

  public func mix(_ operands: Operands) -> Tensor { mix(operands, state: nil).y }

  private func mix(_ operands: Operands, state: Tensor?) -> (y: Tensor, state: Tensor) {
    DeltaRule.chunks(
      q: operands.q, k: operands.k, v: values(operands), beta: operands.beta, logDecay: operands.logDecay,
      chunk: configuration.chunk, state: state)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let gate = DeltaInputs.split(zRows(x), configuration.heads).to(wide).silu()
    let gated = (norm(mixed, as: wide) * gate).to(x.dtype)
    return outProjection(gated.reshaped(x.size(0), x.size(1), configuration.innerDim))
  }

  public func emptyState(batch: Int) -> any MixerState {
    inputs.emptyState(batch: batch, wide, on: aLog.device)
  }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? DeltaRuleState else { preconditionFailure("a state of another mixer") }
    let operands = operands(x, for: .mixing, after: state)
    state.position += x.size(1)
    if x.size(1) > 1 {
      let (y, memory) = mix(operands, state: state.memory)
      state.memory = memory
      return output(y, x)
    }
    let (y, memory) = DeltaRule.step(
      q: operands.q.squeezed(1), k: operands.k.squeezed(1), v: values(operands).squeezed(1),
      beta: operands.beta.squeezed(1), logDecay: operands.logDecay.squeezed(1), state: state.memory)
    state.memory = memory
    return output(y.unsqueezed(1), x)
  }
}
