import CMohawkTorch

// Views and rearrangements. A view shares storage with the tensor that it was taken from.
extension Tensor {
  /// The same elements in another shape; one size may be -1. A view when possible.
  public func reshaped(_ shape: Int..., file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    reshaped(shape, file: file, line: line)
  }

  /// The same elements in another shape; one size may be -1. A view when possible.
  public func reshaped(_ shape: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let view = host?.reshaped(shape) { return Tensor(view) }
    return unary("reshaped", { a, out in withSizes(shape) { mhk_reshape(a, $0, $1, out) } }, file, line)
  }

  /// A view in which dimensions of size 1 are repeated to `shape`.
  public func expanded(_ shape: Int..., file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let view = host?.expanded(shape) { return Tensor(view) }
    return unary("expanded", { a, out in withSizes(shape) { mhk_expand(a, $0, $1, out) } }, file, line)
  }

  /// A view with the dimensions in another order.
  public func permuted(_ order: Int..., file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("permuted", { a, out in withSizes(order) { mhk_permute(a, $0, $1, out) } }, file, line)
  }

  /// A view with two dimensions exchanged.
  public func transposed(
    _ first: Int = -2, _ second: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if let view = host?.transposed(first, second) { return Tensor(view) }
    return unary("transposed", { mhk_transpose($0, Int64(first), Int64(second), $1) }, file, line)
  }

  /// A view of `length` elements along a dimension, from `start`.
  public func narrowed(
    _ dimension: Int, from start: Int, length: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if let view = host?.narrowed(dimension, from: start, length: length) { return Tensor(view) }
    return unary("narrowed", { mhk_narrow($0, Int64(dimension), Int64(start), Int64(length), $1) }, file, line)
  }

  /// A view of one index along a dimension, which disappears.
  public func selected(_ dimension: Int, _ index: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("selected", { mhk_select($0, Int64(dimension), Int64(index), $1) }, file, line)
  }

  /// A view with a new dimension of size 1.
  public func unsqueezed(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let view = host?.unsqueezed(dimension) { return Tensor(view) }
    return unary("unsqueezed", { mhk_unsqueeze($0, Int64(dimension), $1) }, file, line)
  }

  /// A view without a dimension of size 1.
  public func squeezed(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let view = host?.squeezed(dimension) { return Tensor(view) }
    return unary("squeezed", { mhk_squeeze($0, Int64(dimension), $1) }, file, line)
  }

  /// A view of the diagonal of two dimensions, as the last dimension.
  public func diagonal(
    _ first: Int = -2, _ second: Int = -1, offset: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    unary("diagonal", { mhk_diagonal($0, Int64(offset), Int64(first), Int64(second), $1) }, file, line)
  }

  /// Every element along a dimension repeated `count` times in a row.
  public func repeatedEach(_ count: Int, _ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if count == 1 { return self }
    return unary("repeatedEach", { mhk_repeat_interleave($0, Int64(count), Int64(dimension), $1) }, file, line)
  }

  /// Padded with `value`: pairs (before, after) for the last dimension, then the one before it, and so on.
  public func padded(
    _ amounts: Int..., value: Double = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    unary("padded", { a, out in withSizes(amounts) { mhk_pad(a, $0, $1, value, out) } }, file, line)
  }

  /// The lower triangle of the last two dimensions, zeros elsewhere.
  public func lowerTriangle(_ diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("lowerTriangle", { mhk_tril($0, Int64(diagonal), $1) }, file, line)
  }

  /// The upper triangle of the last two dimensions, zeros elsewhere.
  public func upperTriangle(_ diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("upperTriangle", { mhk_triu($0, Int64(diagonal), $1) }, file, line)
  }

  /// The tensor itself when its elements lie in order, else a copy.
  public func contiguous(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let host {
      if host.isContiguous { return self }
      if !mhk_is_loaded(), let copy = host.copied() { return Tensor(copy) }
    }
    return unary("contiguous", mhk_contiguous, file, line)
  }

  /// A copy with its own storage, connected to the gradient graph.
  public func copy(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if !mhk_is_loaded(), let copy = host?.copied() { return Tensor(copy) }
    return unary("copy", mhk_clone, file, line)
  }

  /// A copy without gradients that is to be kept for long: on the CPU its numbers lie apart, among others that were copied
  /// so. Tensors that come and go would not find room again where such small ones stand between them.
  public func keptCopy(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if !mhk_is_loaded(), let copy = host?.copied() { return Tensor(copy) }
    return unary("keptCopy", mhk_clone_kept, file, line)
  }

  /// The tensor in another element type or on another device; itself when nothing changes.
  public func to(
    _ dtype: DType? = nil, on device: Device? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let dtype = dtype ?? self.dtype
    let device = device ?? self.device
    if dtype == self.dtype, device == self.device { return self }
    if !mhk_is_loaded(), device == .cpu, let converted = host?.converted(to: dtype) { return Tensor(converted) }
    return unary("to", { mhk_to($0, dtype.rawValue, device.kind, device.index, $1) }, file, line)
  }

  /// The rows (or indices along `dimension`) named by an integer vector.
  public func indexed(
    _ dimension: Int, _ index: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    binary("indexed", index, { mhk_index_select($0, Int64(dimension), $1, $2) }, file, line)
  }

  /// The elements at `index` along a dimension; `index` has the rank of the tensor.
  public func gathered(
    _ dimension: Int, _ index: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    binary("gathered", index, { mhk_gather($0, Int64(dimension), $1, $2) }, file, line)
  }

  /// `value` where the Boolean `mask` is true, the element elsewhere.
  public func filled(
    where mask: Tensor, with value: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    binary("filled", mask, { mhk_masked_fill($0, $1, value, $2) }, file, line)
  }

  /// `value` at the places along a dimension that `index` names, the element elsewhere; `index` has the rank of the tensor.
  public func filled(
    _ dimension: Int, at index: Tensor, with value: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    binary("filled", index, { mhk_scatter_fill($0, Int64(dimension), $1, value, $2) }, file, line)
  }

  /// `a` where the Boolean tensor is true, `b` elsewhere.
  public func choosing(_ a: Tensor, _ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Tensor.make("choosing", self, a, b, file: file, line: line) { mhk_where(handle, a.handle, b.handle, $0) }
  }

  /// The tensors one after another along an existing dimension.
  public static func concatenated(
    _ tensors: [Tensor], _ dimension: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let arrays = tensors.compactMap(\.host)
    if !mhk_is_loaded(), dimension == 0, arrays.count == tensors.count, let joined = HostArray.concatenated(arrays) {
      return Tensor(joined)
    }
    return make("concatenated", file: file, line: line) { out in
      withHandles(tensors) { mhk_cat($0, $1, Int64(dimension), out) }
    }
  }

  /// The tensors one after another along a new dimension.
  public static func stacked(
    _ tensors: [Tensor], _ dimension: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    make("stacked", file: file, line: line) { out in
      withHandles(tensors) { mhk_stack($0, $1, Int64(dimension), out) }
    }
  }

  /// Views of consecutive pieces of the given sizes along a dimension.
  public func split(_ sizes: [Int], _ dimension: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> [Tensor]
  {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return narrowed(dimension, from: start, length: size, file: file, line: line)
    }
  }
}
