import MohawkLayers
import MohawkTensor

/// Gated linear attention (Yang, Wang, Shen, Panda and Kim 2023): linear attention whose state forgets, each channel of the
/// keys at a rate of its own that is projected from the token.
///
/// q is divided by √stateDim; log a = log sigmoid(W_f f + bias) / 16; out = W_out (norm(y) ⊙ SiLU(z)) with one norm for each
/// head.
public struct GatedLinear: RecurrentMixer {
  /// The geometry.
  public let configuration: GatedLinearConfiguration
  private let qRows, kRows, vRows, zRows, fRows: InputRows
  private let decayProjection: Linear
  private let out: GatedOutput

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: GatedLinearConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (matrix, decays) = (scope.with(.shapesMatrix), scope.with(.setsDecays))
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: configuration.modelDim, out: count, bias: false, scope / "in_proj")
    }
    (qRows, kRows) = (rows("q", configuration.keyDim, matrix), rows("k", configuration.keyDim, matrix))
    (vRows, zRows) = (rows("v", configuration.innerDim, scope), rows("z", configuration.innerDim, scope))
    fRows = rows("f", configuration.gateRank, decays)
    decayProjection = Linear(
      in: configuration.gateRank, out: configuration.heads * configuration.stateDim,
      initial: .uniform(1 / Double(configuration.gateRank).squareRoot()), decays / "f_proj")
    out = GatedOutput(configuration, depth: depth, scope)
  }

  public static let attentionOrigins = AttentionOrigin.queriesKeysAndValues

  public var heads: Int { configuration.heads }

  /// Queries are over √stateDim; there is a decay for each channel.
  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> KeyValueOperands {
    let shape = configuration
    // log sigmoid(f) = −softplus(−f)
    let decay = (-decayProjection(fRows(x)).to(wide)).softplus() * (-1 / shape.gateDivisor)
    return KeyValueOperands(
      q: qRows(x).to(wide).heads(shape.qkHeads) * (1 / Double(shape.stateDim).squareRoot()),
      k: kRows(x).to(wide).heads(shape.qkHeads), v: use == .mixing ? vRows(x).heads(shape.heads) : nil,
      logDecay: decay.heads(shape.heads), dtype: x.dtype)
  }

  private var wide: DType { qRows.weight.dtype.wide }

  public func matrix(_ operands: KeyValueOperands) -> Tensor { ChannelDecay.matrix(operands) }

  public func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.chunks(operands, memory)
  }

  public func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.step(operands, memory)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { out(mixed, gate: zRows(x)) { $0.silu() } }

  public func emptyState(batch: Int) -> any MixerState {
    let shape = configuration
    return LinearState(.zeros([batch, shape.heads, shape.stateDim, shape.headDim], wide, on: qRows.weight.device))
  }
}
