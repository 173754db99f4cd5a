import CMohawkTorch

// Reductions and running sums.
extension Tensor {
  /// The sum of all elements.
  public func sum(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("sum", mhk_sum_all, file, line) }
  /// The mean of all elements.
  public func mean(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("mean", mhk_mean_all, file, line)
  }
  /// The largest element.
  public func max(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("max", mhk_max_all, file, line) }
  /// True when every element is.
  public func all(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("all", mhk_all, file, line) }
  /// The sum over the given dimensions.
  public func sum(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("sum", { a, out in withSizes(dimensions) { mhk_sum(a, $0, $1, keep, out) } }, file, line)
  }
  /// The mean over the given dimensions.
  public func mean(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("mean", { a, out in withSizes(dimensions) { mhk_mean(a, $0, $1, keep, out) } }, file, line)
  }
  /// The maximum over the given dimensions.
  public func max(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("max", { a, out in withSizes(dimensions) { mhk_amax(a, $0, $1, keep, out) } }, file, line)
  }
  /// The minimum over the given dimensions.
  public func min(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("min", { a, out in withSizes(dimensions) { mhk_amin(a, $0, $1, keep, out) } }, file, line)
  }
  /// log Σ eˣ over the given dimensions, computed stably.
  public func logSumExp(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("logSumExp", { a, out in withSizes(dimensions) { mhk_logsumexp(a, $0, $1, keep, out) } }, file, line)
  }
  /// The Euclidean (unsquared) norm over the given dimensions; over two of them, the Frobenius norm.
  public func norm(over dimensions: Int..., keep: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    unary("norm", { a, out in withSizes(dimensions) { mhk_vector_norm(a, $0, $1, keep, out) } }, file, line)
  }
  /// Running sums along a dimension.
  public func cumulativeSum(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("cumulativeSum", { mhk_cumsum($0, Int64(dimension), $1) }, file, line)
  }
  /// eˣ / Σ eˣ along a dimension.
  public func softmax(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("softmax", { mhk_softmax($0, Int64(dimension), $1) }, file, line)
  }
  /// log softmax along a dimension.
  public func logSoftmax(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("logSoftmax", { mhk_log_softmax($0, Int64(dimension), $1) }, file, line)
  }
  /// The elements along a dimension in reverse order.
  public func flipped(_ dimension: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("flipped", { mhk_flip($0, Int64(dimension), $1) }, file, line)
  }
  /// The index of the largest element along a dimension.
  public func argmax(_ dimension: Int, keep: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("argmax", { mhk_argmax($0, Int64(dimension), keep, $1) }, file, line)
  }

  /// The `k` largest elements along a dimension, in falling order, and their indices.
  public func topK(
    _ k: Int, _ dimension: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, indices: Tensor) {
    var indices = mhk_tensor()
    let values = unary("topK", { mhk_topk($0, Int64(k), Int64(dimension), $1, &indices) }, file, line)
    return (values, Tensor(owning: indices))
  }

  /// The elements in order along a dimension (equal ones keep theirs), and their indices.
  public func sorted(
    _ dimension: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, indices: Tensor) {
    var indices = mhk_tensor()
    let values = unary("sorted", { mhk_sort($0, Int64(dimension), descending, $1, &indices) }, file, line)
    return (values, Tensor(owning: indices))
  }
}
