import CMohawkTorch

extension Tensor {
  /// The first and the second half of the last dimension, as views.
  ///
  /// Their gradients are joined without a copy where they lie side by side already, as those of `stateSpace` by b and c
  /// do.
  public func halves(file: StaticString = #fileID, line: UInt = #line) -> (Tensor, Tensor) {
    var second = mhk_tensor()
    let first = Tensor.make("halves", self, file: file, line: line) { mhk_halves(handle, $0, &second) }
    return (first, Tensor(owning: second))
  }
}
