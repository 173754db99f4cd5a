import MohawkFiles
import MohawkMixers
import MohawkTensor

extension ModelState {
  /// Everything that the state holds, by names such as `layers.3.memory`.
  package var tensors: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { index, layer in
      layer.tensors.map { (name: "layers.\(index).\($0.name)", tensor: $0.tensor) }
    }
  }

  /// Becomes the state with these tensors. It must be one of the model that has seen at least one token, so that it
  /// knows what its own tensors are like.
  /// - Parameters:
  ///   - position: how many tokens the other state has seen; at least 1.
  ///   - count: how many tensors there are to take.
  ///   - tensor: gives the tensor of a name.
  /// - Throws: `MohawkError` when they are not tensors of such a state.
  package func restore(position: Int, count: Int, tensor: (String) throws -> Tensor) throws {
    var taken = 0
    for (index, layer) in layers.enumerated() {
      let tensors = try zip(layer.tensors, layer.shapes(at: position)).map { item, shape in
        let name = "layers.\(index).\(item.name)"
        let found = try tensor(name)
        guard found.shape == shape, found.dtype == item.tensor.dtype else {
          throw MohawkError(
            .mismatch,
            "tensor '\(name)' is \(found.dtype)\(found.shape) where this model has \(item.tensor.dtype)\(shape)",
            remedy: "use the precision that the state was saved with")
        }
        return found.to(on: item.tensor.device).copy()
      }
      taken += tensors.count
      layer.restore(tensors, position: position)
    }
    guard taken == count else {
      throw MohawkError(.mismatch, "there are \(count) tensors where this model's state has \(taken)")
    }
  }
}
