import MohawkLayers
import MohawkTensor

/// Causal linear attention: y_i = Σ_{j ≤ i} φ(q_i) · φ(k_j) v_j, with a feature map φ; where all features are above 0 divided by
/// Σ_{j ≤ i} φ(q_i) · φ(k_j). It is SSD without decay.
///
/// q and k are rotated before the map. q is divided by √stateDim where φ is the identity, and a norm for each head stands
/// before the output projection in place of the division.
public struct LinearAttention<Map: FeatureMap>: SequenceMixer {
  /// The geometry.
  public let configuration: LinearAttentionConfiguration<Map>
  private let qRows, kRows, vRows: InputRows
  private let qMap, kMap: Tensor?
  private let norm: RMSNorm?
  private let outProjection: Linear
  private let rotary: RotaryEmbedding

  /// Added to the sums by which rows are divided.
  private static var sumEpsilon: Double { 1e-6 }

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: LinearAttentionConfiguration<Map>, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner, width) = (configuration.modelDim, configuration.innerDim, configuration.stateDim)
    func rows(_ name: String, _ count: Int) -> InputRows {
      InputRows(name, in: d, out: count, bias: false, scope / "in_proj")
    }
    (qRows, kRows) = (rows("q", configuration.qkHeads * width), rows("k", configuration.qkHeads * width))
    vRows = rows("v", inner)
    func map(_ name: String) -> Tensor? {
      Map.isLearned
        ? (scope / "feature_map").parameter(name, [configuration.qkHeads, width, width], .zeros) : nil
    }
    (qMap, kMap) = (map("q"), map("k"))
    norm =
      Map.isPositive
      ? nil : RMSNorm(configuration.headDim, epsilon: configuration.normEpsilon, scope / "norm")
    let spread = 1 / (Double(inner).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: inner, out: d, bias: false, initial: .uniform(spread), scope / "out_proj")
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, positions: .max,
      on: outProjection.weight.device)
  }

  /// Queries, keys, values and output are the attention's; its biases have no place.
  public static var attentionOrigins: [String: AttentionOrigin] {
    [
      "in_proj.q": .attentionStart(["q_proj.weight"]), "in_proj.k": .attentionStart(["k_proj.weight"]),
      "in_proj.v": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
    ]
  }

  /// The heads' matrices of a learned map.
  public static func matrixDependsOn(_ parameterName: String) -> Bool {
    ["in_proj.q", "in_proj.k", "feature_map.q", "feature_map.k"].contains { parameterName.hasSuffix("." + $0) }
  }

  public var heads: Int { configuration.heads }

  /// Features of queries and keys, and values of one input.
  public struct Operands {
    /// [batch, length, qkHeads, features]; fp32 or wider.
    let q, k: Tensor
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let v: Tensor?
    /// The type that the layer computes in.
    let dtype: DType
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, offset: 0) }

  private func operands(_ x: Tensor, for use: OperandUse, offset: Int) -> Operands {
    func features(_ rows: InputRows, _ map: Tensor?) -> Tensor {
      let heads = DeltaInputs.split(rows(x).to(wide), configuration.qkHeads)
      return Map.features(rotary(heads.transposed(1, 2), offset: offset).transposed(1, 2), map)
    }
    let q = features(qRows, qMap)
    return Operands(
      q: Map.isPositive ? q : q * (1 / Double(configuration.stateDim).squareRoot()), k: features(kRows, kMap),
      v: use == .mixing ? DeltaInputs.split(vRows(x), configuration.heads) : nil, dtype: x.dtype)
  }

  /// The type of what must not lose digits: features and the state.
  private var wide: DType { outProjection.weight.dtype == .float64 ? .float64 : .float32 }

  public func values(_ operands: Operands) -> Tensor {
    guard let v = operands.v else { preconditionFailure("these operands were made for the matrix only") }
    return v
  }

  /// Nothing is forgotten: [batch, length, heads].
  private func noDecay(_ operands: Operands) -> Tensor {
    .zeros([operands.q.size(0), operands.q.size(1), configuration.heads], wide, on: operands.q.device)
  }

  public func matrix(_ operands: Operands) -> Tensor {
    let products = SSD.matrix(b: operands.k, c: operands.q, logDecay: noDecay(operands))
    guard Map.isPositive else { return products.to(operands.dtype) }
    return (products / (products.sum(over: -1, keep: true) + Self.sumEpsilon)).to(operands.dtype)
  }

  /// Values, and behind them a 1 that collects the sums of rows where these are divided by.
  private func summed(_ operands: Operands) -> Tensor {
    let v = values(operands).to(wide)
    if !Map.isPositive { return v }
    return .concatenated([v, .ones([v.size(0), v.size(1), v.size(2), 1], wide, on: v.device)], -1)
  }

  /// What `summed` became, divided by the sums of the rows: [.., headDim].
  private func divided(_ y: Tensor, _ operands: Operands) -> Tensor {
    guard Map.isPositive else { return y.to(operands.dtype) }
    let width = configuration.headDim
    let sums = y.narrowed(-1, from: width, length: 1) + Self.sumEpsilon
    return (y.narrowed(-1, from: 0, length: width) / sums).to(operands.dtype)
  }

  public func mix(_ operands: Operands) -> Tensor { mix(operands, state: nil).y }

  private func mix(_ operands: Operands, state: Tensor?) -> (y: Tensor, state: Tensor) {
    let (y, last) = SSD.chunks(
      x: summed(operands), b: operands.k, c: operands.q, logDecay: noDecay(operands), chunk: configuration.chunk,
      state: state)
    return (divided(y, operands), last)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let normed = norm.map { $0(mixed, as: wide).to(x.dtype) } ?? mixed
    return outProjection(normed.reshaped(x.size(0), x.size(1), configuration.innerDim))
  }

  public func emptyState(batch: Int) -> any MixerState {
    let width = configuration.headDim + (Map.isPositive ? 1 : 0)
    return LinearState(
      .zeros([batch, configuration.heads, width, configuration.features], wide, on: outProjection.weight.device))
  }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? LinearState else { preconditionFailure("a state of another mixer") }
    let operands = operands(x, for: .mixing, offset: state.position)
    state.position += x.size(1)
    if x.size(1) > 1 {
      let (y, memory) = mix(operands, state: state.memory)
      state.memory = memory
      return output(y, x)
    }
    let (y, memory) = SSD.step(
      x: summed(operands).squeezed(1), b: operands.k.squeezed(1), c: operands.q.squeezed(1),
      logDecay: noDecay(operands).squeezed(1), state: state.memory)
    state.memory = memory
    return output(divided(y, operands).unsqueezed(1), x)
  }
}
