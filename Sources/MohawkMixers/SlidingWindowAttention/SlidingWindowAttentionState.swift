import MohawkTensor

/// What sliding-window attention remembers: keys and values of the last tokens and of the first ones, a constant amount.
public final class SlidingWindowAttentionState: MixerState {
  let memory: WindowState
  public internal(set) var position = 0

  init(_ memory: WindowState) { self.memory = memory }

  public var byteCount: Int { memory.byteCount }

  public var tensors: [(name: String, tensor: Tensor)] { [("keys", memory.keys), ("values", memory.values)] }

  public func restore(_ tensors: [Tensor], position: Int) {
    (memory.keys, memory.values) = (tensors[0], tensors[1])
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = SlidingWindowAttentionState(memory.copy(by: copy))
    other.position = position
    return other
  }
}
