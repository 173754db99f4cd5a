import MohawkLayers
import MohawkTensor

/// Queries, keys and values of a mixer of the delta rule: rows of its input projection, each through a causal convolution
/// and SiLU; queries and keys then have unit length, and queries are divided by √stateDim.
package struct DeltaInputs {
  package let qRows, kRows, vRows: InputRows
  package let qConvolution, kConvolution, vConvolution: CausalConvolution
  private let shape: KeyValueHeads

  /// Added to the square of the length by which queries and keys are divided.
  private static let lengthEpsilon = 1e-6

  /// Asks for `in_proj.q`, `k`, `v` and `conv1d.q`, `k`, `v`; fresh taps pass their token alone on.
  /// - Parameter between: asks for what stands between the two in the order of the parameters.
  init(_ shape: some KeyValueGeometry, convWidth: Int, _ scope: ParameterScope, between: () -> Void = {}) {
    self.shape = KeyValueHeads(
      heads: shape.heads, headDim: shape.headDim, qkHeads: shape.qkHeads, stateDim: shape.stateDim)
    let matrix = scope.with(.shapesMatrix)
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: shape.modelDim, out: count, bias: false, scope / "in_proj")
    }
    func convolution(_ name: String, _ channels: Int, _ scope: ParameterScope) -> CausalConvolution {
      CausalConvolution(channels, width: convWidth, bias: false, silu: true, scope / "conv1d" / name)
    }
    (qRows, kRows) = (rows("q", shape.keyDim, matrix), rows("k", shape.keyDim, matrix))
    vRows = rows("v", shape.innerDim, scope)
    between()
    qConvolution = convolution("q", shape.keyDim, matrix)
    kConvolution = convolution("k", shape.keyDim, matrix)
    vConvolution = convolution("v", shape.innerDim, scope)
  }

  /// Heads of x [batch, length, modelDim].
  /// - Parameters:
  ///   - x: the input.
  ///   - use: values are nil when only the matrix is asked for.
  ///   - state: what came before; it takes in what the convolutions have to remember.
  ///   - wide: the type of queries and keys.
  func callAsFunction(_ x: Tensor, for use: OperandUse, after state: DeltaRuleState?, as wide: DType) -> (
    q: Tensor, k: Tensor, v: Tensor?
  ) {
    let (q, k) = (qRows(x), kRows(x))
    let v = use == .mixing ? vRows(x) : nil
    let filtered = (
      q: qConvolution(q, past: state?.qPast), k: kConvolution(k, past: state?.kPast),
      v: v.map { vConvolution($0, past: state?.vPast) }
    )
    if let state, let v {
      state.qPast = qConvolution.remember(q, past: state.qPast)
      state.kPast = kConvolution.remember(k, past: state.kPast)
      state.vPast = vConvolution.remember(v, past: state.vPast)
    }
    return (
      unit(filtered.q, wide) * (1 / Double(shape.stateDim).squareRoot()), unit(filtered.k, wide),
      filtered.v?.heads(shape.heads)
    )
  }

  /// The state before the first token, in this type.
  func emptyState(batch: Int, _ wide: DType, on device: Device) -> DeltaRuleState {
    DeltaRuleState(
      memory: .zeros([batch, shape.heads, shape.stateDim, shape.headDim], wide, on: device),
      qPast: qConvolution.emptyPast(batch: batch), kPast: kConvolution.emptyPast(batch: batch),
      vPast: vConvolution.emptyPast(batch: batch))
  }

  /// Heads of unit length.
  private func unit(_ x: Tensor, _ wide: DType) -> Tensor {
    let heads = x.heads(shape.qkHeads).to(wide)
    return heads * (heads.square().sum(over: -1, keep: true) + Self.lengthEpsilon).rsqrt()
  }
}
