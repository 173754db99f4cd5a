import MohawkLayers
import MohawkTensor

/// The Mamba mixer (Gu and Dao 2023): a selective scan with a matrix for every channel.
///
/// x passes a causal convolution and SiLU; B, C and the step sizes are projected from it; A = −exp(A_log);
/// y = scan(x) + D x, out = W_out (y ⊙ SiLU(z)).
///
/// A head is a channel here, of width 1. There are far more of them than heads of attention, and a matrix needs all of
/// x: where matrices are compared, all channels of an attention's head are held to its matrix, and Mamba-2 is the lighter
/// student.
public struct Mamba: RecurrentMixer {
  /// The geometry.
  public let configuration: MambaConfiguration
  package let xRows, zRows: InputRows
  package let convolution: CausalConvolution
  /// From a channel's x to [rank of the step sizes | B | C].
  package let xProjection: Linear
  /// [innerDim, timeStepRank] and [innerDim].
  package let stepWeight, stepBias: Tensor
  /// [innerDim, stateDim]
  package let aLog: Tensor
  /// D, one number per channel.
  package let skip: Tensor
  package let outProjection: Linear

  /// Asks for the parameters. Fresh ones are those of the released code, but that the taps pass their token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: MambaConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.innerDim)
    let (rank, states, bias) = (configuration.timeStepRank, configuration.stateDim, configuration.projectionBias)
    let (matrix, decays) = (scope.with(.shapesMatrix), scope.with(.setsDecays))
    func bound(_ inputs: Int) -> Double { 1 / Double(inputs).squareRoot() }
    xRows = InputRows("x", in: d, out: inner, bias: bias, matrix / "in_proj")
    zRows = InputRows("z", in: d, out: inner, bias: bias, scope / "in_proj")
    convolution = CausalConvolution(
      inner, width: configuration.convWidth, bias: configuration.convolutionBias, silu: true, matrix / "conv1d")
    xProjection = Linear(
      in: inner, out: rank + 2 * states, bias: false, initial: .uniform(bound(inner)), matrix / "x_proj")
    stepWeight = (decays / "dt_proj").parameter("weight", [inner, rank], .uniform(bound(rank)))
    stepBias = (decays / "dt_proj").parameter("bias", [inner], .inverseSoftplusOfLogUniform(0.001, 0.1))
    aLog = decays.parameter("A_log", [inner, states], .logarithmsOfCounting, decays: false)
    skip = matrix.parameter("D", [inner], .ones)
    outProjection = Linear(
      in: inner, out: d, bias: bias, initial: .uniform(bound(inner) * bound(depth)), scope / "out_proj")
  }

  /// V for x; B, C and the step sizes are drawn, because they are projected from x.
  public static let attentionOrigins: [String: AttentionOrigin] = [
    "in_proj.x": .attentionStart(["v_proj.weight"]), "conv1d.bias": .attentionStart(["v_proj.bias"]),
    "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  public var heads: Int { configuration.innerDim }

  /// x, B, C and step sizes of one input, after the convolution.
  public struct Operands {
    /// [batch, length, innerDim]
    let x: Tensor
    /// [batch, length, stateDim]
    let b, c: Tensor
    /// Δ, [batch, length, innerDim], fp32 or wider.
    let steps: Tensor
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: MambaState?) -> Operands {
    let raw = xRows(x)
    let filtered = convolution(raw, past: state?.past)
    if let state { state.past = convolution.remember(raw, past: state.past) }
    let sizes = [configuration.timeStepRank, configuration.stateDim, configuration.stateDim]
    let parts = xProjection(filtered).split(sizes)
    let steps = (parts[0].linear(stepWeight.to(x.dtype)).to(wide) + stepBias.to(wide)).softplus()
    return Operands(x: filtered, b: parts[1], c: parts[2], steps: steps)
  }

  /// The type of what must not lose digits: step sizes, rates and the state.
  private var wide: DType { aLog.dtype.wide }
  private var rates: Tensor { -aLog.to(wide).exp() }

  public func values(_ operands: Operands) -> Tensor { operands.x.unsqueezed(-1) }

  public func matrix(_ operands: Operands) -> Tensor {
    let matrix = SelectiveScan.matrix(b: operands.b, c: operands.c, steps: operands.steps, rates: rates)
    matrix.diagonal().addInPlace(skip.to(wide).unsqueezed(-1))
    return matrix.to(operands.x.dtype)
  }

  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (y, next) = SelectiveScan.blocks(
      x: operands.x, b: operands.b, c: operands.c, steps: operands.steps, rates: rates, block: configuration.block,
      state: memory)
    return (skipped(y, operands.x).unsqueezed(-1), next)
  }

  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let value = operands.x.squeezed(1)
    let (y, next) = SelectiveScan.step(
      x: value, b: operands.b.squeezed(1), c: operands.c.squeezed(1), steps: operands.steps.squeezed(1), rates: rates,
      state: memory)
    return (skipped(y, value).unsqueezed(1).unsqueezed(-1), next)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    outProjection(mixed.squeezed(-1) * zRows(x).silu())
  }

  public func emptyState(batch: Int) -> any MixerState {
    MambaState(
      memory: .zeros([batch, configuration.innerDim, configuration.stateDim], wide, on: aLog.device),
      past: convolution.emptyPast(batch: batch))
  }

  /// With D x, in the type of x.
  private func skipped(_ y: Tensor, _ x: Tensor) -> Tensor { (y + x.to(wide) * skip.to(wide)).to(x.dtype) }
}
