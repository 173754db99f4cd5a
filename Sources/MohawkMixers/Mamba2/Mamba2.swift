import MohawkLayers
import MohawkTensor

/// The Mamba-2 mixer (Dao and Gu 2024): a state-space map whose decay and input are both scaled by a step size that
/// the token chooses.
///
/// h_t = a_t h_{t−1} + Δ_t B_t x_tᵀ, y_t = C_tᵀ h_t + D x_t, out = W_out norm(y ⊙ SiLU(z)), with
/// Δ = softplus(dt + dt_bias) and a = exp(−Δ exp(A_log)). x, B and C pass a causal convolution and SiLU.
///
/// The matrix is (L ∘ C Bᵀ) diag(Δ), with D on its diagonal, so that its values are x.
public struct Mamba2: RecurrentMixer {
  /// The geometry.
  public let configuration: Mamba2Configuration
  package let xRows, bcRows, zRows, dtRows: InputRows
  package let xConvolution, bcConvolution: CausalConvolution
  /// One number per head each.
  package let aLog, dtBias, skip: Tensor
  package let norm: GatedRMSNorm?
  package let outProjection: Linear

  /// Asks for the parameters. Fresh ones are those of the released code, but for two that suit distillation better:
  /// the taps pass their token alone on to SiLU, so that a matrix starts without a blur that it would have to unlearn,
  /// and where the projection has biases the gate starts open. Without biases a gate of zeros would be shut, and the
  /// norm's gradient behind it as large as its epsilon is small; so its rows are drawn like all others.
  ///
  /// With steps of 0.001 to 0.1, and D = 1, the rows of a fresh matrix sum to about 1, as those of attention do.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: Mamba2Configuration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner, bias) = (configuration.modelDim, configuration.innerDim, configuration.projectionBias)
    let (matrix, decays, projection) = (scope.with(.shapesMatrix), scope.with(.setsDecays), scope / "in_proj")
    xRows = InputRows("x", in: d, out: inner, bias: bias, projection)
    bcRows = InputRows("bc", in: d, out: configuration.bcDim, bias: bias, matrices: 2, matrix / "in_proj")
    zRows = InputRows(
      "z", in: d, out: inner, bias: bias, initial: bias ? .zeros : nil, initialBias: .constant(DiscreteMamba2.openGate),
      projection)
    dtRows = InputRows("dt", in: d, out: configuration.heads, bias: bias, decays / "in_proj")
    func convolution(_ name: String, _ channels: Int, _ scope: ParameterScope) -> CausalConvolution {
      CausalConvolution(
        channels, width: configuration.convWidth, bias: configuration.convolutionBias, silu: true,
        scope / "conv1d" / name)
    }
    xConvolution = convolution("x", inner, scope)
    bcConvolution = convolution("bc", configuration.bcDim, matrix)
    aLog = decays.parameter("A_log", [configuration.heads], .logarithmOfUniform(1, 16))
    dtBias = decays.parameter("dt_bias", [configuration.heads], .inverseSoftplusOfLogUniform(0.001, 0.1))
    skip = matrix.parameter("D", [configuration.heads], .ones)
    norm = configuration.normGroups.map {
      GatedRMSNorm(inner, groups: $0, epsilon: configuration.normEpsilon, scope / "norm")
    }
    let spread = 1 / (Double(inner).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: inner, out: d, bias: bias, initial: .uniform(spread), scope / "out_proj")
  }

  public static var attentionOrigins: [String: AttentionOrigin] { SSD.attentionOrigins }

  public var heads: Int { configuration.heads }

  /// x, B, C, step size and log-decay of one input, after the convolution.
  public struct Operands {
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let x: Tensor?
    /// [batch, length, groups, stateDim]
    let b, c: Tensor
    /// Δ and log a, [batch, length, heads], fp32 or wider.
    let step, logDecay: Tensor
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: SSDState?) -> Operands {
    let bc = bcRows(x)
    let values = use == .mixing ? xRows(x) : nil
    let parts = bcConvolution(bc, past: state?.bcPast).halves()
    let filtered = values.map { xConvolution($0, past: state?.xPast).heads(configuration.heads) }
    if let state, let values { state.remember(values: values, bc: bc, xConvolution, bcConvolution) }
    let step = step(x)
    return Operands(
      x: filtered, b: parts.0.heads(configuration.groups), c: parts.1.heads(configuration.groups), step: step,
      logDecay: -(step * aLog.exp().to(step.dtype)))
  }

  /// Δ, in fp32 or wider.
  private func step(_ x: Tensor) -> Tensor {
    let limit = configuration.timeStepLimit
    var step = (dtRows(x).to(wide) + dtBias.to(wide)).softplus()
    if limit.lowerBound > 0 { step = step.clamped(min: limit.lowerBound) }
    if limit.upperBound < .infinity { step = step.clamped(max: limit.upperBound) }
    return step
  }

  /// The type of what must not lose digits: step sizes, decays and the state.
  private var wide: DType { aLog.dtype.wide }

  public func values(_ operands: Operands) -> Tensor {
    guard let x = operands.x else { preconditionFailure("these operands were made for the matrix only") }
    return x
  }

  public func matrix(_ operands: Operands) -> Tensor {
    let unscaled = SSD.matrix(b: operands.b, c: operands.c, logDecay: operands.logDecay)
    let matrix = unscaled * operands.step.transposed(1, 2).unsqueezed(-2).to(unscaled.dtype)
    matrix.diagonal().addInPlace(skip.to(matrix.dtype).unsqueezed(-1))
    return matrix
  }

  /// With Δ in B, which makes B and C differ from head to head.
  public func factoredMatrix(_ operands: Operands) -> MixerMatrix {
    let repeats = configuration.heads / configuration.groups
    let b = operands.b.repeatedEach(repeats, 2) * operands.step.to(operands.b.dtype).unsqueezed(-1)
    let c = operands.c.repeatedEach(repeats, 2)
    let factors = SemiseparableFactors(b: b, c: c, logDecay: operands.logDecay, skip: skip)
    return MixerMatrix(.semiseparable(factors)) { matrix(operands) }
  }

  /// Tokens per chunk when a text is read at most: with shorter ones fewer pairs of tokens are computed.
  private static let readingChunk = 64

  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let chunk = memory == nil ? configuration.chunk : min(configuration.chunk, Self.readingChunk)
    let x = values(operands)
    let (y, next) = SSD.chunks(
      x: x * operands.step.to(x.dtype).unsqueezed(-1), b: operands.b, c: operands.c, logDecay: operands.logDecay,
      chunk: chunk, state: memory)
    return (y + x * skip.to(x.dtype).unsqueezed(-1), next)
  }

  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let value = values(operands).squeezed(1)
    let (y, next) = SSD.step(
      x: value * operands.step.squeezed(1).to(value.dtype).unsqueezed(-1), b: operands.b.squeezed(1),
      c: operands.c.squeezed(1), logDecay: operands.logDecay.squeezed(1), state: memory)
    return ((y + value * skip.to(value.dtype).unsqueezed(-1)).unsqueezed(1), next)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let flat = mixed.reshaped(mixed.size(0), mixed.size(1), configuration.innerDim)
    let gate = zRows(x)
    return outProjection(norm.map { $0(flat, gate: gate, as: x.dtype) } ?? gate.silu(times: flat))
  }

  public func emptyState(batch: Int) -> any MixerState {
    SSDState(
      memory: .zeros(
        [batch, configuration.heads, configuration.headDim, configuration.stateDim], wide, on: aLog.device),
      xPast: xConvolution.emptyPast(batch: batch), bcPast: bcConvolution.emptyPast(batch: batch))
  }
}
