import MohawkTensor

/// A state whose numbers can be taken out, to be kept in a file, and put into another one.
package protocol StorableState: MixerState {
  /// All that it remembers beside its position, by name.
  var tensors: [(name: String, tensor: Tensor)] { get }
  /// Shapes that `tensors` have in a state that has seen so many tokens.
  func shapes(at position: Int) -> [[Int]]
  /// Takes over tensors in the order, and of the types, of its own, and of the shapes for this position.
  func restore(_ tensors: [Tensor], position: Int)
}

extension StorableState {
  /// Those that it has now, for states of constant size.
  package func shapes(at position: Int) -> [[Int]] { tensors.map { $0.tensor.shape } }
}

extension SSDState: StorableState {
  package var tensors: [(name: String, tensor: Tensor)] {
    let recurrent = [("memory", memory), ("x_past", xPast), ("bc_past", bcPast)]
    guard let window else { return recurrent }
    return recurrent + [("window_keys", window.keys), ("window_values", window.values)]
  }

  package func restore(_ tensors: [Tensor], position: Int) {
    (memory, xPast, bcPast) = (tensors[0], tensors[1], tensors[2])
    if let window { (window.keys, window.values) = (tensors[3], tensors[4]) }
    self.position = position
  }
}

extension MambaState: StorableState {
  package var tensors: [(name: String, tensor: Tensor)] { [("memory", memory), ("past", past)] }

  package func restore(_ tensors: [Tensor], position: Int) {
    (memory, past) = (tensors[0], tensors[1])
    self.position = position
  }
}
