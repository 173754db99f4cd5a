import MohawkLayers
import MohawkTensor

/// A mixer by causal Toeplitz matrices: y_i = Σ_d κ_d v_{i − d} for each head, the same kernel κ whatever the text says.
///
/// It is what the distance between tokens alone can do, and a measure for mixers that look at the text. Its state is the
/// last values.
public struct Toeplitz: RecurrentMixer {
  /// The geometry.
  public let configuration: ToeplitzConfiguration
  private let vRows: InputRows
  /// κ, [heads, taps]; the last meets the current token.
  private let kernel: Tensor
  private let outProjection: Linear

  /// Asks for the parameters. A fresh kernel passes every token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: ToeplitzConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.innerDim)
    vRows = InputRows("v", in: d, out: inner, bias: false, scope / "in_proj")
    kernel = scope.with(.shapesMatrix)
      .parameter("kernel", [configuration.heads, configuration.taps], .identityTaps, decays: false)
    let spread = 1 / (Double(inner).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: inner, out: d, bias: false, initial: .uniform(spread), scope / "out_proj")
  }

  public static let attentionOrigins: [String: AttentionOrigin] = [
    "in_proj.v": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  public var heads: Int { configuration.heads }

  /// Values of one input, or their place alone.
  public struct Operands {
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let v: Tensor?
    let batch, length: Int
    /// The type that the layer computes in.
    let dtype: DType

    /// The values, which are there.
    var values: Tensor {
      guard let v else { preconditionFailure("these operands were made for the matrix only") }
      return v
    }
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> Operands {
    Operands(
      v: use == .mixing ? vRows(x).heads(configuration.heads) : nil, batch: x.size(0), length: x.size(1),
      dtype: x.dtype)
  }

  private var wide: DType { outProjection.weight.dtype.wide }

  public func values(_ operands: Operands) -> Tensor { operands.values }

  public func matrix(_ operands: Operands) -> Tensor {
    let matrix = CausalToeplitz.matrix(kernel.to(wide), length: operands.length).unsqueezed(0)
    return matrix.expanded(operands.batch, -1, -1, -1).to(operands.dtype)
  }

  /// The memory is the last `taps − 1` values, zeros before the first: [batch, taps − 1, heads, headDim].
  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let v = operands.values.to(wide)
    let past = configuration.taps - 1
    guard let memory else {
      let known = v.size(1) < past ? v.padded(0, 0, 0, 0, past - v.size(1), 0) : v
      return (mixed(v, operands), known.narrowed(1, from: known.size(1) - past, length: past))
    }
    let all = Tensor.concatenated([memory, v], 1)
    let y = mixed(all, operands).narrowed(1, from: past, length: v.size(1))
    return (y, all.narrowed(1, from: v.size(1), length: past).contiguous())
  }

  private func mixed(_ v: Tensor, _ operands: Operands) -> Tensor {
    CausalToeplitz.callAsFunction(v, kernel.to(wide)).to(operands.dtype)
  }

  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let all = Tensor.concatenated([memory, operands.values.to(wide)], 1)
    let y = (all * kernel.to(wide).transposed().unsqueezed(-1)).sum(over: 1, keep: true)
    return (y.to(operands.dtype), all.narrowed(1, from: 1, length: configuration.taps - 1).contiguous())
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    outProjection(mixed.reshaped(x.size(0), x.size(1), configuration.innerDim))
  }

  public func emptyState(batch: Int) -> any MixerState {
    LinearState(
      .zeros(
        [batch, configuration.taps - 1, configuration.heads, configuration.headDim], wide,
        on: outProjection.weight.device))
  }
}
