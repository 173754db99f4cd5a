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
public struct GatedDeltaNet: RecurrentMixer {
  /// The geometry.
  public let configuration: GatedDeltaNetConfiguration
  private let inputs: DeltaInputs
  private let zRows, bRows, aRows: InputRows
  /// One number per head each.
  private let aLog, dtBias: Tensor
  private let out: GatedOutput

  /// Asks for the parameters. Fresh ones are those of the authors' code, but that the taps pass their token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: GatedDeltaNetConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, heads, decays) = (configuration.modelDim, configuration.heads, scope.with(.setsDecays))
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: d, out: count, bias: false, scope / "in_proj")
    }
    var others: (z: InputRows, b: InputRows, a: InputRows)?
    inputs = DeltaInputs(configuration, convWidth: configuration.convWidth, scope) {
      others = (
        rows("z", configuration.innerDim, scope), rows("b", heads, scope.with(.shapesMatrix)), rows("a", heads, decays)
      )
    }
    (zRows, bRows, aRows) = others!
    aLog = decays.parameter("A_log", [heads], .logarithmOfUniform(1, 16))
    dtBias = decays.parameter("dt_bias", [heads], .inverseSoftplusOfLogUniform(0.001, 0.1))
    out = GatedOutput(configuration, depth: depth, scope)
  }

  public static let attentionOrigins = AttentionOrigin.queriesKeysAndValues

  public var heads: Int { configuration.heads }

  /// Queries and keys are of unit length, queries over √stateDim.
  public func operands(_ x: Tensor, for use: OperandUse, after state: DeltaRuleState?) -> KeyValueOperands {
    let (q, k, v) = inputs(x, for: use, after: state, as: wide)
    let step = (aRows(x).to(wide) + dtBias.to(wide)).softplus()
    return KeyValueOperands(
      q: q, k: k, v: v, beta: bRows(x).to(wide).sigmoid(), logDecay: -(step * aLog.to(wide).exp()), dtype: x.dtype)
  }

  private var wide: DType { aLog.dtype.wide }

  public func matrix(_ operands: KeyValueOperands) -> Tensor {
    DeltaRule.matrix(q: operands.q, k: operands.k, beta: operands.beta!, logDecay: operands.logDecay)
      .to(operands.dtype)
  }

  public func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (y, next) = DeltaRule.chunks(
      q: operands.q, k: operands.k, v: operands.values, beta: operands.beta!, logDecay: operands.logDecay,
      chunk: configuration.chunk, state: memory)
    return (y, next)
  }

  public func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let token = operands.token
    let (y, next) = DeltaRule.step(
      q: token.q, k: token.k, v: token.values, beta: token.beta!, logDecay: token.logDecay, state: memory)
    return (y.unsqueezed(1), next)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { out(mixed, gate: zRows(x)) { $0.silu() } }

  public func emptyState(batch: Int) -> any MixerState {
    inputs.emptyState(batch: batch, wide, on: aLog.device)
  }
}
