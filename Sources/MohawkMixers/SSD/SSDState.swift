import MohawkLayers
import MohawkTensor

/// What a mixer of the Mamba-2 kind remembers: a constant amount, however many tokens it has seen, but for the keys and
/// values of heads that keep attention.
public final class SSDState: RecurrentState {
  /// h: [batch, heads, headDim, stateDim]
  public var memory: Tensor
  /// The last inputs of the convolutions: [batch, width - 1, channels].
  package internal(set) var xPast, bcPast: Tensor
  /// What a window beside the recurrent part remembers; nil without.
  package let window: WindowState?
  /// Keys and values of heads that keep attention; nil without.
  package let kept: AttentionState?
  public var position = 0

  init(
    memory: Tensor, xPast: Tensor, bcPast: Tensor, window: WindowState? = nil, kept: AttentionState? = nil
  ) {
    self.memory = memory
    self.xPast = xPast
    self.bcPast = bcPast
    self.window = window
    self.kept = kept
  }

  func remember(values: Tensor, bc: Tensor, _ xConvolution: CausalConvolution, _ bcConvolution: CausalConvolution) {
    xPast = xConvolution.remember(values, past: xPast)
    bcPast = bcConvolution.remember(bc, past: bcPast)
  }

  public var byteCount: Int {
    memory.byteCount + xPast.byteCount + bcPast.byteCount + (window?.byteCount ?? 0) + (kept?.byteCount ?? 0)
  }

  public var tensors: [(name: String, tensor: Tensor)] {
    let recurrent = [("memory", memory), ("x_past", xPast), ("bc_past", bcPast)]
    let seen = window.map { [("window_keys", $0.keys), ("window_values", $0.values)] } ?? []
    return recurrent + seen + (kept?.tensors ?? []).map { ("kept_" + $0.name, $0.tensor) }
  }

  public func shapes(at position: Int) -> [[Int]] {
    let own = tensors.map { $0.tensor.shape }
    guard let kept else { return own }
    return own.prefix(own.count - kept.tensors.count) + kept.shapes(at: position)
  }

  public func restore(_ tensors: [Tensor], position: Int) {
    (memory, xPast, bcPast) = (tensors[0], tensors[1], tensors[2])
    if let window { (window.keys, window.values) = (tensors[3], tensors[4]) }
    if let kept { kept.restore(Array(tensors.suffix(2)), position: position) }
    self.position = position
  }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = SSDState(
      memory: copy(memory), xPast: copy(xPast), bcPast: copy(bcPast), window: window?.copy(by: copy),
      kept: kept?.copied(by: copy))
    other.position = position
    return other
  }
}
