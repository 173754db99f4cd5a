import CMohawkTorch

// Changes of the tensor itself. With gradients on they follow libtorch's rules for in-place operations.
extension Tensor {
  /// self += scale · other.
  public func addInPlace(
    _ other: Tensor, scale: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) {
    perform("addInPlace", other, file: file, line: line) { mhk_add_(handle, other.handle, scale) }
  }

  /// self *= other, broadcast.
  public func multiplyInPlace(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) {
    perform("multiplyInPlace", other, file: file, line: line) { mhk_mul_(handle, other.handle) }
  }

  /// self *= value.
  public func multiplyInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) {
    perform("multiplyInPlace", file: file, line: line) { mhk_mul_scalar_(handle, value) }
  }

  /// Raises smaller elements to `minimum`.
  public func clampInPlace(min minimum: Double, file: StaticString = #fileID, line: UInt = #line) {
    perform("clampInPlace", file: file, line: line) { mhk_clamp_min_(handle, minimum) }
  }

  /// e to the power of every element.
  public func expInPlace(file: StaticString = #fileID, line: UInt = #line) {
    perform("expInPlace", file: file, line: line) { mhk_exp_(handle) }
  }

  /// Zeros above the diagonal of the last two dimensions.
  public func lowerTriangleInPlace(file: StaticString = #fileID, line: UInt = #line) {
    perform("lowerTriangleInPlace", file: file, line: line) { mhk_tril_(handle, 0) }
  }

  /// Every element becomes `value`.
  public func fill(_ value: Double, file: StaticString = #fileID, line: UInt = #line) {
    perform("fill", file: file, line: line) { mhk_fill_(handle, value) }
  }

  /// Takes the elements of `source`, converted and broadcast.
  public func assign(_ source: Tensor, file: StaticString = #fileID, line: UInt = #line) {
    if let host, let other = source.host, host.assign(other) { return }
    perform("assign", source, file: file, line: line) { mhk_copy_(handle, source.handle) }
  }

  /// Keeps the elements in another type from now on, also for everyone else who holds this tensor. It must not require a
  /// gradient.
  public func become(_ dtype: DType, file: StaticString = #fileID, line: UInt = #line) {
    let other = detached().to(dtype)
    perform("become", other, file: file, line: line) { mhk_set_data(handle, other.handle) }
  }

  /// self += x · y for matrices.
  public func addProductInPlace(_ x: Tensor, _ y: Tensor, file: StaticString = #fileID, line: UInt = #line) {
    perform("addProductInPlace", x, y, file: file, line: line) { mhk_addmm_(handle, x.handle, y.handle) }
  }
}
