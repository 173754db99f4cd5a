import MohawkLayers
import MohawkTensor

/// The geometry of a Discrete-Mamba-2 mixer.
public struct DiscreteMamba2Configuration: Sendable, Equatable {
  /// Width of what goes in and comes out.
  public var modelDim: Int
  /// Heads of B and C.
  public var qkHeads: Int
  /// Heads of x, of the decay and of the matrix; a multiple of `qkHeads`.
  public var vHeads: Int
  /// Width of B and C per head: the size of the state per channel.
  public var stateDim: Int
  /// Taps of the causal convolution.
  public var convWidth: Int
  /// Tokens per chunk when a whole sequence is mixed; changes speed, not results.
  public var chunk: Int
  /// A window of softmax attention beside the recurrent part; nil for none.
  public var window: WindowConfiguration?
  /// Heads that are full attention in place of the recurrent part and the window; nil for none.
  public var kept: KeptHeads?

  /// `modelDim` must be a multiple of `vHeads`, and `vHeads` one of `qkHeads` and of the window's heads of keys.
  /// The attention of kept heads has `vHeads` heads.
  public init(
    modelDim: Int, qkHeads: Int, vHeads: Int, stateDim: Int, convWidth: Int = 4, chunk: Int = 64,
    window: WindowConfiguration? = nil, kept: KeptHeads? = nil
  ) {
    self.modelDim = modelDim
    self.qkHeads = qkHeads
    self.vHeads = vHeads
    self.stateDim = stateDim
    self.convWidth = convWidth
    self.chunk = chunk
    self.window = window
    self.kept = kept
  }

  /// Width of one head of x: rows of its state.
  public var headDim: Int { modelDim / vHeads }
  var bcDim: Int { 2 * qkHeads * stateDim }
}

/// What a Discrete-Mamba-2 mixer remembers.
public typealias DiscreteMamba2State = SSDState

/// The Discrete-Mamba-2 mixer of Phi-Mamba (Bick et al. 2024): Mamba-2 without step size, norm and activation, with B
/// and C of its own for each head, and a decay projected from the token.
///
/// h_t = a_t h_{t−1} + B_t x_tᵀ, y_t = C_tᵀ h_t + D x_t, out = W_out (y ⊙ SiLU(z + z_bias)), a = sigmoid(−A_log).
///
/// With a window a head's matrix is g W + (1 − g) R: R is the recurrent one, D included, W the softmax over the last
/// tokens and the first ones of the text, and g = sigmoid(window_gate). Both multiply the same values, the convolved x.
///
/// A kept head's matrix is the causal softmax over all tokens instead, of the same values, whatever the window's switch says;
/// its recurrent part and its window are computed and left out.
public struct DiscreteMamba2: RecurrentMixer {
  /// The geometry.
  public let configuration: DiscreteMamba2Configuration
  /// Rows of the input projection for x, for B and C together, for the gate and for the decay: [rows, modelDim].
  package let xWeight, bcWeight, zWeight, aLogWeight: Tensor
  /// [modelDim]
  package let zBias: Tensor
  package let xConvolution, bcConvolution: CausalConvolution
  /// D, one number per head.
  package let skip: Tensor
  package let outProjection: Linear
  /// Queries, keys and gate of the window; nil without.
  package let window: WindowAttention?
  /// Queries and keys of the heads that keep attention in this layer; nil without.
  package let kept: KeptAttention?

  /// SiLU of this is 1, so that a fresh gate stands open.
  package static let openGate = 1.278464542761

  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - windowSwitch: turns the window off; nil for one of its own.
  ///   - scope: where the parameters get their names.
  public init(
    _ configuration: DiscreteMamba2Configuration, depth: Int = 1, windowSwitch: WindowSwitch? = nil,
    _ scope: ParameterScope
  ) {
    self.configuration = configuration
    let d = configuration.modelDim
    let fresh = Initial.uniform(1 / Double(d).squareRoot())
    let (matrix, projection) = (scope.with(.shapesMatrix), scope / "in_proj")
    xWeight = projection.parameter("x", [d, d], fresh)
    bcWeight = (matrix / "in_proj").parameter("bc", [configuration.bcDim, d], fresh, matrices: 2)
    zWeight = projection.parameter("z", [d, d], .zeros)
    aLogWeight = projection.with(.setsDecays).parameter("a_log", [configuration.vHeads, d], fresh)
    zBias = scope.parameter("z_bias", [d], .constant(Self.openGate))
    xConvolution = CausalConvolution(d, width: configuration.convWidth, scope / "conv1d" / "x")
    bcConvolution = CausalConvolution(configuration.bcDim, width: configuration.convWidth, matrix / "conv1d" / "bc")
    skip = matrix.parameter("D", [configuration.vHeads], .ones)
    let spread = 1 / (Double(d).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: d, out: d, bias: false, initial: .uniform(spread), scope / "out_proj")
    window = configuration.window.map {
      WindowAttention($0, modelDim: d, heads: configuration.vHeads, windowSwitch ?? WindowSwitch(), matrix)
    }
    kept = configuration.kept.map { KeptAttention($0.heads, of: $0.attention, matrix / KeptAttention.scopeName) }
  }

  /// Queries and keys of the window and of kept heads are the attention's from every start.
  public static let attentionOrigins: [String: AttentionOrigin] = SSD.attentionOrigins.merging(
    WindowAttention.parameterNames.filter { $0 != "window_gate" }.map { ($0, .everyStart($0)) }
  ) { $1 }.merging(KeptAttention.origins) { $1 }

  public var heads: Int { configuration.vHeads }
  public var keptHeads: [Int] { kept?.heads ?? [] }

  /// x, B, C and log-decay of one input. The convolution is left to who reads x, B and C: mixing filters rows as it
  /// reads them.
  public struct Operands {
    /// Before its convolution, [batch, length, modelDim]; nil when asked for the matrix only.
    let values: Tensor?
    /// B and C before their convolution, [batch, length, 2 qkHeads stateDim].
    let bc: Tensor
    /// log a, [batch, length, vHeads], fp32 or wider.
    let logDecay: Tensor
    let filters: ConvolvedInputs
    /// Nil without a window, and where it is off for all.
    let window: WindowAttention.Operands?
    /// Nil without kept heads.
    let kept: KeptAttention.Operands?

    /// [batch, length, vHeads, headDim]
    var x: Tensor? { values.map { filters.x(of: $0) } }
    /// [batch, length, qkHeads, stateDim] each.
    var bAndC: (b: Tensor, c: Tensor) { filters.bAndC(of: bc) }
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: DiscreteMamba2State?) -> Operands {
    let bc = x.projected(by: bcWeight)
    let values = use == .mixing ? x.projected(by: xWeight) : nil
    let filters = ConvolvedInputs(
      xConvolution: xConvolution, bcConvolution: bcConvolution, xPast: state?.xPast, bcPast: state?.bcPast,
      heads: configuration.vHeads, groups: configuration.qkHeads)
    if let state, let values { state.remember(values: values, bc: bc, xConvolution, bcConvolution) }
    // A state takes keys in even where the window is off.
    let isOff = state == nil && window?.windowSwitch.setting == .off
    return Operands(
      values: values, bc: bc, logDecay: logDecay(x), filters: filters,
      window: isOff ? nil : window?.operands(x, offset: state?.position ?? 0),
      kept: kept?.operands(x, offset: state?.position ?? 0))
  }

  /// log sigmoid(−A_log) = −softplus(A_log): never a division by, or logarithm of, what may have underflowed.
  private func logDecay(_ x: Tensor) -> Tensor {
    let aLog = x.projected(by: aLogWeight)
    return -aLog.to(aLogWeight.dtype.wide).softplus()
  }

  public func values(_ operands: Operands) -> Tensor {
    guard let x = operands.x else { preconditionFailure("these operands were made for the matrix only") }
    return x
  }

  public func matrix(_ operands: Operands) -> Tensor {
    let (b, c) = operands.bAndC
    var matrix = SSD.matrix(b: b, c: c, logDecay: operands.logDecay)
    matrix.diagonal().addInPlace(skip.to(matrix.dtype).unsqueezed(-1))
    if let window, let seen = operands.window { matrix = window.matrix(seen, beside: matrix) }
    if let kept, let seen = operands.kept { matrix = kept.matrix(seen, in: matrix) }
    return matrix
  }

  /// Factored unless there is a window or a head that keeps attention.
  public func factoredMatrix(_ operands: Operands) -> MixerMatrix {
    if operands.window != nil || operands.kept != nil { return MixerMatrix { matrix(operands) } }
    let (b, c) = operands.bAndC
    let factors = SemiseparableFactors(b: b, c: c, logDecay: operands.logDecay, skip: skip)
    return MixerMatrix(.semiseparable(factors)) { matrix(operands) }
  }

  public func mix(_ operands: Operands) -> Tensor {
    var mixed = mix(operands, memory: nil).y
    if operands.window == nil, operands.kept == nil { return mixed }
    let values = values(operands)
    if let window, let seen = operands.window { mixed = window.mix(seen, values: values, beside: mixed) }
    if let kept, let seen = operands.kept { mixed = kept.mix(seen, values: values, in: mixed) }
    return mixed
  }

  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    guard let values = operands.values else { preconditionFailure("these operands were made for the matrix only") }
    let (y, next) = SSD.chunks(
      values: values, bc: operands.bc, behind: operands.filters, logDecay: operands.logDecay, skip: skip,
      chunk: configuration.chunk, state: memory)
    return (y, next)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let gate = x.projected(by: zWeight, zBias)
    let flat = mixed.reshaped(mixed.size(0), mixed.size(1), configuration.modelDim)
    return outProjection(gate, after: .silu, times: flat)
  }

  public func emptyState(batch: Int) -> any MixerState {
    DiscreteMamba2State(
      memory: .zeros(
        [batch, configuration.vHeads, configuration.headDim, configuration.stateDim],
        zBias.dtype.wide, on: zBias.device),
      xPast: xConvolution.emptyPast(batch: batch), bcPast: bcConvolution.emptyPast(batch: batch),
      window: window?.emptyMemory(batch: batch, width: configuration.headDim),
      kept: kept?.emptyState(batch: batch, valueWidth: configuration.headDim))
  }

  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let value = values(operands)
    let (b, c) = operands.bAndC
    let (y, next) = SSD.step(
      x: value.squeezed(1), b: b.squeezed(1), c: c.squeezed(1), logDecay: operands.logDecay.squeezed(1), state: memory)
    return (y.unsqueezed(1) + value * skip.to(value.dtype).unsqueezed(-1), next)
  }

  /// With the window and the kept heads, which take in the tokens' keys and values.
  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    let mixed = mixed(x, state) { operands, state, recurrent in
      if operands.window == nil, operands.kept == nil { return recurrent }
      let values = values(operands)
      var mixed = recurrent
      if let window, let seen = operands.window, let memory = state.window {
        mixed = window.advance(seen, values: values, beside: mixed, memory, position: state.position)
      }
      if let kept, let seen = operands.kept, let memory = state.kept {
        mixed = kept.advance(seen, values: values, in: mixed, memory)
      }
      return mixed
    }
    return output(mixed, x)
  }
}
