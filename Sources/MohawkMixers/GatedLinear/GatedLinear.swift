import MohawkLayers
import MohawkTensor

/// Gated linear attention (Yang, Wang, Shen, Panda and Kim 2023): linear attention whose state forgets, each channel of the
/// keys at a rate of its own that is projected from the token.
///
/// q is divided by √stateDim; log a = log sigmoid(W_f f + bias) / 16; out = W_out (norm(y) ⊙ SiLU(z)) with one norm for each
/// head.
public struct GatedLinear: RecurrentMixer {
  /// The geometry.
  public let configuration: GatedLinearConfiguration
  private let inputs: ChannelDecayInputs<GatedLinearConfiguration>
  private let out: GatedOutput

  /// Asks for the parameters.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: GatedLinearConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    inputs = ChannelDecayInputs(configuration, scope)
    out = GatedOutput(configuration, depth: depth, scope)
  }

  public static let attentionOrigins = AttentionOrigin.queriesKeysAndValues

  public var heads: Int { configuration.heads }

  /// Queries are over √stateDim; there is a decay for each channel.
  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> KeyValueOperands {
    inputs.operands(x, for: use)
  }

  public func matrix(_ operands: KeyValueOperands) -> Tensor { ChannelDecay.matrix(operands) }

  public func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.chunks(operands, memory)
  }

  public func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    ChannelDecay.step(operands, memory)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { out(mixed, gate: inputs.gate(x)) { $0.silu() } }

  public func emptyState(batch: Int) -> any MixerState { inputs.emptyState(batch: batch) }
}
