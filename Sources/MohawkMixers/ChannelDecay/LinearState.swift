import MohawkTensor

/// What a mixer remembers that sums keys and values without convolutions before them: one matrix for each head.
public final class LinearState: RecurrentState {
  /// One matrix of sums for each head: [batch, heads, ·, ·].
  public var memory: Tensor
  public var position = 0

  /// The state before the first token: zeros.
  public init(_ memory: Tensor) { self.memory = memory }

  public var byteCount: Int { memory.byteCount }
  public var tensors: [(name: String, tensor: Tensor)] { [("memory", memory)] }

  public func restore(_ tensors: [Tensor], position: Int) {
    memory = tensors[0]
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = LinearState(copy(memory))
    other.position = position
    return other
  }
}
