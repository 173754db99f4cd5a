import MohawkLayers
import MohawkTensor

/// Softmax attention of every token over the last tokens and the first ones of the text (Xiao et al. 2023,
/// arXiv:2309.17453), in a constant amount of memory.
///
/// Tokens have the rotary positions that they have in the text. Where the window covers the text, it is causal attention
/// with the same projections.
public struct SlidingWindowAttention: CausalMixer {
  /// The geometry.
  public let configuration: SlidingWindowAttentionConfiguration
  private let softmax: WindowSoftmax
  private let value, outProjection: Linear

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√(2 depth).
  ///   - scope: where the parameters get their names.
  public init(_ configuration: SlidingWindowAttentionConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, window, inner) = (configuration.modelDim, configuration.window, configuration.innerDim)
    softmax = WindowSoftmax(window, modelDim: d, heads: configuration.heads, scope.with(.shapesMatrix))
    value = Linear(in: d, out: window.kvHeads * window.headDim, bias: window.bias, scope / "v_proj")
    let spread = 1 / (Double(inner).squareRoot() * Double(2 * depth).squareRoot())
    outProjection = Linear(
      in: inner, out: d, bias: configuration.outputBias, initial: .normal(spread), scope / "out_proj")
  }

  /// All of it is the attention, from every start.
  public static let attentionOrigins: [String: AttentionOrigin] = {
    let same = WindowSoftmax.parameterNames + ["v_proj.weight", "v_proj.bias"]
    return Dictionary(uniqueKeysWithValues: same.map { ($0, .everyStart($0)) })
      .merging(["weight", "bias"].map { ("out_proj.\($0)", .everyStart("dense.\($0)")) }) { $1 }
  }()

  public var heads: Int { configuration.heads }

  /// Queries, keys and values of one input.
  public struct Operands {
    let softmax: WindowSoftmax.Operands
    /// [batch, kvHeads, length, headDim]; nil when asked for the matrix only.
    let v: Tensor?

    /// The values, which are there.
    var values: Tensor {
      guard let v else { preconditionFailure("these operands were made for the matrix only") }
      return v
    }
  }

  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, offset: 0) }

  private func operands(_ x: Tensor, for use: OperandUse, offset: Int) -> Operands {
    Operands(
      softmax: softmax.operands(x, offset: offset),
      v: use == .mixing ? value(x).heads(configuration.window.kvHeads).transposed(1, 2) : nil)
  }

  public func values(_ operands: Operands) -> Tensor {
    operands.values.repeatedEach(configuration.heads / configuration.window.kvHeads, 1).transposed(1, 2)
  }

  public func matrix(_ operands: Operands) -> Tensor { softmax.matrix(operands.softmax) }

  public func mix(_ operands: Operands) -> Tensor {
    softmax.mix(operands.softmax, operands.values).transposed(1, 2)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    outProjection(mixed.reshaped(mixed.size(0), mixed.size(1), configuration.innerDim))
  }

  public func emptyState(batch: Int) -> any MixerState {
    SlidingWindowAttentionState(
      softmax.emptyMemory(
        batch: batch, valueHeads: configuration.window.kvHeads, width: configuration.window.headDim))
  }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    guard let state = state as? SlidingWindowAttentionState else { preconditionFailure("a state of another mixer") }
    let operands = operands(x, for: .mixing, offset: state.position)
    let mixed = softmax.advance(operands.softmax, operands.values, state.memory, position: state.position)
    state.position += x.size(1)
    return output(mixed.transposed(1, 2), x)
  }
}
