import MohawkLayers
import MohawkTensor

/// What a mixer of the Mamba-2 kind remembers: a constant amount, however many tokens it has seen.
public final class SSDState: RecurrentState {
  /// h: [batch, heads, headDim, stateDim]
  public var memory: Tensor
  /// The last inputs of the convolutions: [batch, width - 1, channels].
  package internal(set) var xPast, bcPast: Tensor
  /// What a window beside the recurrent part remembers; nil without.
  package let window: WindowState?
  public var position = 0

  init(memory: Tensor, xPast: Tensor, bcPast: Tensor, window: WindowState? = nil) {
    self.memory = memory
    self.xPast = xPast
    self.bcPast = bcPast
    self.window = window
  }

  func remember(values: Tensor, bc: Tensor, _ xConvolution: CausalConvolution, _ bcConvolution: CausalConvolution) {
    xPast = xConvolution.remember(values, past: xPast)
    bcPast = bcConvolution.remember(bc, past: bcPast)
  }

  public var byteCount: Int {
    memory.byteCount + xPast.byteCount + bcPast.byteCount + (window?.byteCount ?? 0)
  }

  public var tensors: [(name: String, tensor: Tensor)] {
    let recurrent = [("memory", memory), ("x_past", xPast), ("bc_past", bcPast)]
    guard let window else { return recurrent }
    return recurrent + [("window_keys", window.keys), ("window_values", window.values)]
  }

  public func restore(_ tensors: [Tensor], position: Int) {
    (memory, xPast, bcPast) = (tensors[0], tensors[1], tensors[2])
    if let window { (window.keys, window.values) = (tensors[3], tensors[4]) }
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = SSDState(
      memory: copy(memory), xPast: copy(xPast), bcPast: copy(bcPast), window: window?.copy(by: copy))
    other.position = position
    return other
  }
}
