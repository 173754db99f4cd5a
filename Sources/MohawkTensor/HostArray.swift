/// Numbers in memory before libtorch has to do with them: what decoding needs of tensors without loading it. Views share
/// the memory.
struct HostArray {
  /// Keeps the memory.
  let owner: AnyObject
  let start: UnsafeMutableRawPointer
  let shape: [Int]
  /// From element to element of each dimension, in elements.
  let strides: [Int]
  let dtype: DType

  var count: Int { shape.reduce(1, *) }

  /// Numbers in order in memory that `owner` keeps.
  init(_ start: UnsafeMutableRawPointer, _ shape: [Int], _ dtype: DType, owner: AnyObject) {
    (self.owner, self.start, self.shape, self.dtype) = (owner, start, shape, dtype)
    strides = Self.strides(of: shape)
  }

  private init(_ start: UnsafeMutableRawPointer, _ shape: [Int], strides: [Int], of other: HostArray) {
    (owner, dtype) = (other.owner, other.dtype)
    (self.start, self.shape, self.strides) = (start, shape, strides)
  }

  /// Zeros in memory of their own.
  init(zeros shape: [Int], _ dtype: DType) {
    let memory = HostMemory(bytes: shape.reduce(dtype.size, *))
    memory.start.initializeMemory(as: UInt8.self, repeating: 0, count: memory.count)
    self.init(memory.start, shape, dtype, owner: memory)
  }

  /// A copy of bytes in order.
  init(copying bytes: UnsafeRawBufferPointer, _ shape: [Int], _ dtype: DType) {
    let memory = HostMemory(bytes: bytes.count)
    if let source = bytes.baseAddress { memory.start.copyMemory(from: source, byteCount: bytes.count) }
    self.init(memory.start, shape, dtype, owner: memory)
  }

  private static func strides(of shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for dimension in shape.indices.reversed() {
      strides[dimension] = step
      step *= max(shape[dimension], 1)
    }
    return strides
  }

  /// Whether the numbers lie in row-major order without gaps.
  var isContiguous: Bool {
    if count == 0 { return true }
    let wanted = Self.strides(of: shape)
    return shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == wanted[$0] }
  }
}

/// Memory for numbers, at an address that vectors like.
private final class HostMemory {
  let start: UnsafeMutableRawPointer
  let count: Int

  init(bytes: Int) {
    count = max(bytes, 1)
    start = .allocate(byteCount: count, alignment: 64)
  }

  deinit { start.deallocate() }
}

// MARK: views, nil where it is libtorch's to say what is wrong

extension HostArray {
  private func dimension(_ dimension: Int, of rank: Int) -> Int? {
    let index = dimension < 0 ? rank + dimension : dimension
    return (0..<rank).contains(index) ? index : nil
  }

  func narrowed(_ dimension: Int, from first: Int, length: Int) -> HostArray? {
    guard let index = self.dimension(dimension, of: shape.count), first >= 0, length >= 0,
      first + length <= shape[index]
    else { return nil }
    var shape = self.shape
    shape[index] = length
    return HostArray(start + first * strides[index] * dtype.size, shape, strides: strides, of: self)
  }

  func squeezed(_ dimension: Int) -> HostArray? {
    guard let index = self.dimension(dimension, of: shape.count) else { return nil }
    if shape[index] != 1 { return self }
    var (shape, strides) = (self.shape, self.strides)
    shape.remove(at: index)
    strides.remove(at: index)
    return HostArray(start, shape, strides: strides, of: self)
  }

  func unsqueezed(_ dimension: Int) -> HostArray? {
    guard let index = self.dimension(dimension, of: shape.count + 1) else { return nil }
    var (shape, strides) = (self.shape, self.strides)
    strides.insert(index < shape.count ? shape[index] * strides[index] : 1, at: index)
    shape.insert(1, at: index)
    return HostArray(start, shape, strides: strides, of: self)
  }

  func transposed(_ first: Int, _ second: Int) -> HostArray? {
    guard let first = dimension(first, of: shape.count), let second = dimension(second, of: shape.count) else {
      return nil
    }
    var (shape, strides) = (self.shape, self.strides)
    shape.swapAt(first, second)
    strides.swapAt(first, second)
    return HostArray(start, shape, strides: strides, of: self)
  }

  func expanded(_ sizes: [Int]) -> HostArray? {
    guard sizes.count == shape.count, zip(sizes, shape).allSatisfy({ $0 == $1 || $1 == 1 && $0 >= 0 }) else {
      return nil
    }
    let strides = shape.indices.map { shape[$0] == sizes[$0] ? self.strides[$0] : 0 }
    return HostArray(start, sizes, strides: strides, of: self)
  }

  func reshaped(_ sizes: [Int]) -> HostArray? {
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1, *) == count, isContiguous else { return nil }
    return HostArray(start, sizes, strides: Self.strides(of: sizes), of: self)
  }
}
