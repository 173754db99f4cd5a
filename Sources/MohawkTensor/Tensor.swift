import CMohawkTorch

/// An n-dimensional array on a device, with automatic differentiation by libtorch.
///
/// As long as libtorch is not loaded, arrays on the CPU are plain memory; the first operation that needs it loads it.
///
/// A tensor is a reference: views share storage, and in-place methods (named with `InPlace`) change what every view
/// sees. Tensors are not `Sendable`; whoever needs them on another thread owns them there.
///
/// Mistakes in shape, type or device are programming errors and trap with the operation and the shapes.
public final class Tensor {
  /// libtorch's tensor, null as long as the elements are in `host`.
  private var torch: mhk_tensor
  /// The elements while no operation of libtorch has needed them.
  private(set) var host: HostArray?

  /// Takes ownership of a handle.
  init(owning handle: mhk_tensor) { torch = handle }

  init(_ host: HostArray) {
    torch = mhk_tensor()
    self.host = host
  }

  deinit { if torch.object != nil { mhk_free(torch) } }

  /// What libtorch knows it by. An array in memory becomes a tensor of libtorch over the same memory for good.
  var handle: mhk_tensor {
    if let host {
      _ = mhk_grad_enabled()  // libtorch learns what this thread said before it was loaded
      let context = Unmanaged.passRetained(host.owner).toOpaque()
      let error = withSizes(host.shape) { sizes, rank in
        withSizes(host.strides) { strides, _ in
          mhk_borrow(
            host.start, sizes, strides, rank, host.dtype.rawValue, { Unmanaged<AnyObject>.fromOpaque($0).release() },
            context, &torch)
        }
      }
      if let error { trap("borrowing", [], error, #fileID, #line) }
      self.host = nil
    }
    return torch
  }

  /// The number of dimensions.
  public var rank: Int { host?.shape.count ?? Int(mhk_dim(torch)) }

  /// The size of every dimension.
  public var shape: [Int] {
    if let host { return host.shape }
    let rank = self.rank
    return [Int](unsafeUninitializedCapacity: rank) { buffer, count in
      buffer.withMemoryRebound(to: Int64.self) { sizes in
        if rank > 0 { mhk_shape(torch, sizes.baseAddress!) }
      }
      count = rank
    }
  }

  /// The size of one dimension; negative dimensions count from the end.
  public func size(_ dimension: Int) -> Int {
    let shape = self.shape
    return shape[dimension < 0 ? shape.count + dimension : dimension]
  }

  /// The type of the elements.
  public var dtype: DType { host?.dtype ?? DType(rawValue: mhk_dtype(torch))! }
  /// Where the elements are.
  public var device: Device {
    guard host == nil else { return .cpu }
    return switch Int(mhk_device_kind(torch)) {
    case Int(MHK_CUDA): .cuda(Int(mhk_device_index(torch)))
    case Int(MHK_PRETEND): .pretend
    default: .cpu
    }
  }
  /// The number of elements.
  public var count: Int { host?.count ?? Int(mhk_numel(torch)) }
  /// Bytes of all elements.
  public var byteCount: Int { count * dtype.size }
  /// Where the elements of a tensor on the CPU begin, for kernels that read and write it while it lives.
  package var address: UnsafeMutableRawPointer {
    guard let address = host?.start ?? mhk_data(torch) else { fatalError("\(self) has no memory") }
    return address
  }
  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool { host?.isContiguous ?? mhk_is_contiguous(torch) }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let small = count <= 16 && rank <= 1 ? " " + (dtype.isFloatingPoint ? "\(doubles())" : "\(integers())") : ""
    return "Tensor(\(dtype), \(shape), \(device)\(small))"
  }
}

// MARK: calling libtorch

/// Ends the process for a programming mistake: the operation, the shapes it was given and the caller's line.
func trap(
  _ operation: StaticString, _ tensors: [Tensor], _ error: Failure, _ file: StaticString, _ line: UInt
) -> Never {
  let given = tensors.map { "\($0.dtype)\($0.shape)" }.joined(separator: ", ")
  let reason = error.map { String(cString: $0) } ?? ""
  fatalError("\(operation)(\(given)): \(reason)", file: file, line: line)
}

typealias Output = UnsafeMutablePointer<mhk_tensor>
/// A message of libtorch, nil for success.
typealias Failure = UnsafePointer<CChar>?

extension Tensor {
  /// Runs an operation that writes one tensor. The operands outlive the call.
  static func make(
    _ operation: StaticString, _ operands: Tensor..., file: StaticString, line: UInt, _ body: (Output) -> Failure
  ) -> Tensor {
    var result = mhk_tensor()
    let error = body(&result)
    if let error { trap(operation, operands, error, file, line) }
    return withExtendedLifetime(operands) { Tensor(owning: result) }
  }

  func unary(
    _ operation: StaticString, _ function: (mhk_tensor, Output) -> Failure, _ file: StaticString, _ line: UInt
  ) -> Tensor {
    var result = mhk_tensor()
    let error = withExtendedLifetime(self) { function(handle, &result) }
    if let error { trap(operation, [self], error, file, line) }
    return Tensor(owning: result)
  }

  func binary(
    _ operation: StaticString, _ other: Tensor, _ function: (mhk_tensor, mhk_tensor, Output) -> Failure,
    _ file: StaticString, _ line: UInt
  ) -> Tensor {
    var result = mhk_tensor()
    let error = withExtendedLifetime((self, other)) { function(handle, other.handle, &result) }
    if let error { trap(operation, [self, other], error, file, line) }
    return Tensor(owning: result)
  }

  /// Runs an operation that changes a tensor in place or has no result.
  func perform(
    _ operation: StaticString, _ operands: Tensor..., file: StaticString, line: UInt, _ body: () -> Failure
  ) {
    let error = withExtendedLifetime((self, operands)) { body() }
    if let error { trap(operation, [self] + operands, error, file, line) }
  }

  /// Lends the handles of an array of tensors for one call.
  static func withHandles<Result>(_ tensors: [Tensor], _ body: (UnsafePointer<mhk_tensor>, Int32) -> Result) -> Result {
    let handles = tensors.map(\.handle) + [mhk_tensor()]  // never an empty array: the address must be real
    return withExtendedLifetime(tensors) {
      handles.withUnsafeBufferPointer { body($0.baseAddress!, Int32(tensors.count)) }
    }
  }
}

/// Lends an array of sizes for one call.
func withSizes<Result>(_ sizes: [Int], _ body: (UnsafePointer<Int64>, Int32) -> Result) -> Result {
  let wide = sizes.map(Int64.init) + [0]
  return wide.withUnsafeBufferPointer { body($0.baseAddress!, Int32(sizes.count)) }
}
