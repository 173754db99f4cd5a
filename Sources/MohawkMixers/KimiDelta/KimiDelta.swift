import MohawkLayers
import MohawkTensor

/// Kimi Delta Attention (Kimi Team 2025, Kimi Linear): the delta rule over short queries and keys, with a decay for every
/// channel of the state.
///
/// q, k and v pass a causal convolution and SiLU; q and k then have unit length, and q is divided by √stateDim;
/// β = sigmoid(b) and log a = −exp(A_log) softplus(W_f f + dt_bias), one for each channel, are projected from the token;
/// out = W_out (norm(y) ⊙ sigmoid(W_g g + bias)) with one norm for each head.
///
/// The matrix depends on q, k, β and a, so that its values are v.
public struct KimiDelta: RecurrentMixer {
  /// The geometry.
  public let configuration: KimiDeltaConfiguration
  private let inputs: DeltaInputs
  private let fRows, bRows, gRows: InputRows
  private let decayProjection, gateProjection: Linear
  /// One number per head, and one per channel.
  private let aLog, dtBias: Tensor
  private let out: GatedOutput

  /// Asks for the parameters. Fresh ones are those of the authors' code, but that the taps pass their token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: KimiDeltaConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (heads, rank, decays) = (configuration.heads, configuration.gateRank, scope.with(.setsDecays))
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: configuration.modelDim, out: count, bias: false, scope / "in_proj")
    }
    inputs = DeltaInputs(configuration, convWidth: configuration.convWidth, scope)
    fRows = rows("f", rank, decays)
    bRows = rows("b", heads, scope.with(.shapesMatrix))
    gRows = rows("g", rank, scope)
    let bound = Initial.uniform(1 / Double(rank).squareRoot())
    let channels = heads * configuration.stateDim
    decayProjection = Linear(in: rank, out: channels, bias: false, initial: bound, decays / "f_proj")
    gateProjection = Linear(in: rank, out: configuration.innerDim, initial: bound, scope / "g_proj")
    aLog = decays.parameter("A_log", [heads], .logarithmOfUniform(1, 16))
    dtBias = decays.parameter("dt_bias", [channels], .inverseSoftplusOfLogUniform(0.001, 0.1))
    out = GatedOutput(configuration, depth: depth, scope)
  }

  public static let attentionOrigins = AttentionOrigin.queriesKeysAndValues

  public var heads: Int { configuration.heads }

  /// Queries and keys are of unit length, queries over √stateDim; there is a decay for each channel.
  public func operands(_ x: Tensor, for use: OperandUse, after state: DeltaRuleState?) -> KeyValueOperands {
    let (q, k, v) = inputs(x, for: use, after: state, as: wide)
    let step = (decayProjection(fRows(x)).to(wide) + dtBias.to(wide)).softplus()
    let rate = aLog.to(wide).exp().unsqueezed(-1)
    return KeyValueOperands(
      q: q, k: k, v: v, beta: bRows(x).to(wide).sigmoid(), logDecay: -(step.heads(heads) * rate), dtype: x.dtype)
  }

  private var wide: DType { aLog.dtype.wide }

  public func matrix(_ operands: KeyValueOperands) -> Tensor { ChannelDecay.matrix(operands) }

  public func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.chunks(operands, memory)
  }

  public func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.step(operands, memory)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    out(mixed, gate: gateProjection(gRows(x))) { $0.sigmoid() }
  }

  public func emptyState(batch: Int) -> any MixerState {
    inputs.emptyState(batch: batch, wide, on: aLog.device)
  }
}
