import MohawkLayers
import MohawkTensor

/// Causal linear attention: y_i = Σ_{j ≤ i} φ(q_i) · φ(k_j) v_j, with a feature map φ; where all features are above 0 divided by
/// Σ_{j ≤ i} φ(q_i) · φ(k_j). It is SSD without decay.
///
/// q and k are rotated before the map. q is divided by √stateDim where φ is the identity, and a norm for each head stands
/// before the output projection in place of the division.
public struct LinearAttention<Map: FeatureMap>: RecurrentMixer {
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
    let (width, matrix) = (configuration.stateDim, scope.with(.shapesMatrix))
    func rows(_ name: String, _ count: Int, _ scope: ParameterScope) -> InputRows {
      InputRows(name, in: configuration.modelDim, out: count, bias: false, scope / "in_proj")
    }
    (qRows, kRows) = (rows("q", configuration.keyDim, matrix), rows("k", configuration.keyDim, matrix))
    vRows = rows("v", configuration.innerDim, scope)
    func map(_ name: String) -> Tensor? {
      Map.isLearned
        ? (matrix / "feature_map").parameter(name, [configuration.qkHeads, width, width], .zeros) : nil
    }
    (qMap, kMap) = (map("q"), map("k"))
    norm =
      Map.isPositive
      ? nil : RMSNorm(configuration.headDim, epsilon: configuration.normEpsilon, scope / "norm")
    outProjection = .output(of: configuration, depth: depth, scope)
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, positions: .max,
      on: outProjection.weight.device)
  }

  public static var attentionOrigins: [String: AttentionOrigin] { AttentionOrigin.queriesKeysAndValues }

  public var heads: Int { configuration.heads }

  /// Features of queries and keys in place of these; nothing is forgotten.
  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> KeyValueOperands {
    let (shape, offset) = (configuration, state?.position ?? 0)
    func features(_ rows: InputRows, _ map: Tensor?) -> Tensor {
      let heads = rows(x).to(wide).heads(shape.qkHeads)
      return Map.features(rotary(heads.transposed(1, 2), offset: offset).transposed(1, 2), map)
    }
    let q = features(qRows, qMap)
    return KeyValueOperands(
      q: Map.isPositive ? q : q * (1 / Double(shape.stateDim).squareRoot()), k: features(kRows, kMap),
      v: use == .mixing ? vRows(x).heads(shape.heads) : nil,
      logDecay: .zeros([x.size(0), x.size(1), shape.heads], wide, on: x.device), dtype: x.dtype)
  }

  private var wide: DType { outProjection.weight.dtype.wide }

  public func matrix(_ operands: KeyValueOperands) -> Tensor {
    let products = SSD.matrix(b: operands.k, c: operands.q, logDecay: operands.logDecay)
    guard Map.isPositive else { return products.to(operands.dtype) }
    return (products / (products.sum(over: -1, keep: true) + Self.sumEpsilon)).to(operands.dtype)
  }

  /// Values, and behind them a 1 that collects the sums of rows where these are divided by.
  private func summed(_ operands: KeyValueOperands) -> Tensor {
    let v = operands.values.to(wide)
    if !Map.isPositive { return v }
    return .concatenated([v, .ones([v.size(0), v.size(1), v.size(2), 1], wide, on: v.device)], -1)
  }

  /// What `summed` became, divided by the sums of the rows: [.., headDim].
  private func divided(_ y: Tensor, _ operands: KeyValueOperands) -> Tensor {
    guard Map.isPositive else { return y.to(operands.dtype) }
    let width = configuration.headDim
    let sums = y.narrowed(-1, from: width, length: 1) + Self.sumEpsilon
    return (y.narrowed(-1, from: 0, length: width) / sums).to(operands.dtype)
  }

  public func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (y, next) = SSD.chunks(
      x: summed(operands), b: operands.k, c: operands.q, logDecay: operands.logDecay, chunk: configuration.chunk,
      state: memory)
    return (divided(y, operands), next)
  }

  public func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let token = operands.token
    let (y, next) = SSD.step(
      x: summed(operands).squeezed(1), b: token.k, c: token.q, logDecay: token.logDecay, state: memory)
    return (divided(y.unsqueezed(1), operands), next)
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
}
