import MohawkLayers
import MohawkTensor

/// A mixer whose matrices are general semiseparable ones of order N = `stateDim`: a state of N channels that every token
/// rotates and lets fade, each channel at a rate of its own.
///
/// It is gated linear attention whose channels are mixed on the way, S_t = Diag(a_t) Q_t S_{t−1} + k_t v_tᵀ. Q_t rotates the
/// state in some planes, each by the two reflections at n and at n + d, which are projected from the token. Fresh d are 0,
/// where nothing rotates.
public struct Semiseparable: RecurrentMixer {
  /// The geometry.
  public let configuration: SemiseparableConfiguration
  private let inputs: ChannelDecayInputs<SemiseparableConfiguration>
  private let planeRows, rotationRows: InputRows
  private let out: GatedOutput

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: SemiseparableConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    inputs = ChannelDecayInputs(configuration, scope)
    func normals(_ name: String, _ initial: Initial? = nil) -> InputRows {
      InputRows(
        name, in: configuration.modelDim, out: configuration.heads * configuration.planes * configuration.stateDim,
        bias: false, initial: initial, scope.with(.shapesMatrix) / "in_proj")
    }
    (planeRows, rotationRows) = (normals("plane"), normals("rotation", .zeros))
    out = GatedOutput(configuration, depth: depth, scope)
  }

  public static let attentionOrigins = AttentionOrigin.queriesKeysAndValues

  public var heads: Int { configuration.heads }

  /// Queries, keys, values, decays and normals of one input.
  public struct Operands {
    let keyValue: KeyValueOperands
    /// [batch, length, heads, 2 · planes, stateDim]
    let normals: Tensor
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> Operands {
    let (shape, wide) = (configuration, inputs.wide)
    let first = planeRows(x).to(wide).reshaped(x.size(0), x.size(1), shape.heads, shape.planes, 1, shape.stateDim)
    let second = first + rotationRows(x).to(wide).reshaped(first.shape)
    return Operands(
      keyValue: inputs.operands(x, for: use),
      normals: Tensor.concatenated([first, second], -2)
        .reshaped(x.size(0), x.size(1), shape.heads, 2 * shape.planes, shape.stateDim))
  }

  public func values(_ operands: Operands) -> Tensor { operands.keyValue.values }

  public func matrix(_ operands: Operands) -> Tensor {
    let o = operands.keyValue
    return RotatingState.matrix(q: o.q, k: o.k, normals: operands.normals, logDecay: o.logDecay).to(o.dtype)
  }

  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let o = operands.keyValue
    let (y, next) = RotatingState.chunks(
      q: o.q, k: o.k, v: o.values, normals: operands.normals, logDecay: o.logDecay, state: memory)
    return (y, next)
  }

  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let token = operands.keyValue.token
    let (y, next) = RotatingState.step(
      q: token.q, k: token.k, v: token.values, normals: operands.normals.squeezed(1), logDecay: token.logDecay,
      state: memory)
    return (y.unsqueezed(1), next)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { out(mixed, gate: inputs.gate(x)) { $0.silu() } }

  public func emptyState(batch: Int) -> any MixerState { inputs.emptyState(batch: batch) }
}
