import MohawkLayers
import MohawkTensor

/// What gated linear attention projects from its input: queries, keys, values, decays and the gate of its output.
///
/// q is divided by √stateDim; log a = log sigmoid(W_f f + bias) / divisor.
struct ChannelDecayInputs<Geometry: ChannelDecayGeometry> {
  private let shape: Geometry
  private let qRows, kRows, vRows, zRows, fRows: InputRows
  private let decayProjection: Linear

  /// Asks for the rows `q`, `k`, `v`, `z` and `f` of `in_proj`, and for `f_proj`.
  init(_ shape: Geometry, _ scope: ParameterScope) {
    self.shape = shape
    let (matrix, decays) = (scope.with(.shapesMatrix), scope.with(.setsDecays))
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: shape.modelDim, out: count, bias: false, scope / "in_proj")
    }
    (qRows, kRows) = (rows("q", shape.keyDim, matrix), rows("k", shape.keyDim, matrix))
    (vRows, zRows) = (rows("v", shape.innerDim, scope), rows("z", shape.innerDim, scope))
    fRows = rows("f", shape.gateRank, decays)
    decayProjection = Linear(
      in: shape.gateRank, out: shape.heads * shape.stateDim,
      initial: .uniform(1 / Double(shape.gateRank).squareRoot()), decays / "f_proj")
  }

  /// The type of decays and states.
  var wide: DType { qRows.weight.dtype.wide }

  /// Queries are over √stateDim; there is a decay for each channel.
  func operands(_ x: Tensor, for use: OperandUse) -> KeyValueOperands {
    // log sigmoid(f) = −softplus(−f)
    let decay = (-decayProjection(fRows(x)).to(wide)).softplus() * (-1 / shape.gateDivisor)
    return KeyValueOperands(
      q: qRows(x).to(wide).heads(shape.qkHeads) * (1 / Double(shape.stateDim).squareRoot()),
      k: kRows(x).to(wide).heads(shape.qkHeads), v: use == .mixing ? vRows(x).heads(shape.heads) : nil,
      logDecay: decay.heads(shape.heads), dtype: x.dtype)
  }

  /// The gate of the output before its activation, [batch, length, heads · headDim].
  func gate(_ x: Tensor) -> Tensor { zRows(x) }

  /// The state before the first token.
  func emptyState(batch: Int) -> LinearState {
    LinearState(.zeros([batch, shape.heads, shape.stateDim, shape.headDim], wide, on: qRows.weight.device))
  }
}
