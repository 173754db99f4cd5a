import MohawkTensor

/// What a Mamba mixer remembers: a constant amount, however many tokens it has seen.
public final class MambaState: RecurrentState {
  /// h: [batch, channels, stateDim]
  public var memory: Tensor
  /// The last inputs of the convolution: [batch, width - 1, channels].
  package internal(set) var past: Tensor
  public var position = 0

  init(memory: Tensor, past: Tensor) {
    self.memory = memory
    self.past = past
  }

  public var byteCount: Int { memory.byteCount + past.byteCount }

  public var tensors: [(name: String, tensor: Tensor)] { [("memory", memory), ("past", past)] }

  public func restore(_ tensors: [Tensor], position: Int) {
    (memory, past) = (tensors[0], tensors[1])
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = MambaState(memory: copy(memory), past: copy(past))
    other.position = position
    return other
  }
}
