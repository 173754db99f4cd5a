import MohawkTensor

/// What a mixer of the delta rule remembers: a constant amount, however many tokens it has seen.
public final class DeltaRuleState: RecurrentState {
  /// S: [batch, heads, stateDim, headDim]
  public var memory: Tensor
  /// The last inputs of the convolutions: [batch, width - 1, channels].
  package internal(set) var qPast, kPast, vPast: Tensor
  public var position = 0

  init(memory: Tensor, qPast: Tensor, kPast: Tensor, vPast: Tensor) {
    self.memory = memory
    self.qPast = qPast
    self.kPast = kPast
    self.vPast = vPast
  }

  public var byteCount: Int { tensors.reduce(0) { $0 + $1.tensor.byteCount } }

  public var tensors: [(name: String, tensor: Tensor)] {
    [("memory", memory), ("q_past", qPast), ("k_past", kPast), ("v_past", vPast)]
  }

  public func restore(_ tensors: [Tensor], position: Int) {
    (memory, qPast, kPast, vPast) = (tensors[0], tensors[1], tensors[2], tensors[3])
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = DeltaRuleState(memory: copy(memory), qPast: copy(qPast), kPast: copy(kPast), vPast: copy(vPast))
    other.position = position
    return other
  }
}
