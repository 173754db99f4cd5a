import CMohawkTorch

extension Tensor {
  /// A tensor whose every element is `value`.
  public static func full(
    _ shape: [Int], _ value: Double, _ dtype: DType = .float32, on device: Device = .cpu,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if value == 0, device == .cpu, !mhk_is_loaded(), shape.allSatisfy({ $0 >= 0 }) {
      return Tensor(HostArray(zeros: shape, dtype))
    }
    return make("full", file: file, line: line) { out in
      withSizes(shape) { mhk_full($0, $1, value, dtype.rawValue, device.kind, device.index, out) }
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
    full(shape, 0, dtype, on: device)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
    full(shape, 1, dtype, on: device)
  }

  /// A tensor of one number, of rank 0.
  public static func scalar(_ value: Double, _ dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
    full([], value, dtype, on: device)
  }

  /// The numbers from `start` up to but without `end`.
  public static func range(
    _ start: Int, _ end: Int, _ dtype: DType = .int64, on device: Device = .cpu,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    make("range", file: file, line: line) {
      mhk_arange(Double(start), Double(end), 1, dtype.rawValue, device.kind, device.index, $0)
    }
  }

  /// A copy of `values` in row-major order.
  public convenience init<Element: TensorElement>(
    _ values: [Element], shape: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line
  ) {
    let shape = shape ?? [values.count]
    let wanted = shape.reduce(1, *)
    precondition(
      wanted == values.count, "\(values.count) values cannot fill the shape \(shape)", file: file, line: line)
    if !mhk_is_loaded() {
      self.init(values.withUnsafeBytes { HostArray(copying: $0, shape, Element.dtype) })
      return
    }
    var result = mhk_tensor()
    let error = values.withUnsafeBytes { bytes in
      withSizes(shape) {
        mhk_from_bytes(bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!, $0, $1, Element.dtype.rawValue, &result)
      }
    }
    if let error { trap("init", [], error, file, line) }
    self.init(owning: result)
  }

  /// A tensor over memory owned by `owner`, without a copy. The memory must not change and is not written.
  public static func borrowing(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    precondition(bytes.count == shape.reduce(1, *) * dtype.size, "bytes do not fit the shape", file: file, line: line)
    guard let start = bytes.baseAddress, bytes.count > 0 else { return .zeros(shape, dtype) }
    return Tensor(HostArray(UnsafeMutableRawPointer(mutating: start), shape, dtype, owner: owner))
  }
}

// MARK: reading values

extension Tensor {
  /// The only element, as a number. Waits for the device.
  public func item(file: StaticString = #fileID, line: UInt = #line) -> Double {
    var value = 0.0
    perform("item", file: file, line: line) { mhk_item_double(handle, &value) }
    return value
  }

  /// The only element of an integer tensor.
  public func intItem(file: StaticString = #fileID, line: UInt = #line) -> Int {
    var value: Int64 = 0
    perform("intItem", file: file, line: line) { mhk_item_int(handle, &value) }
    return Int(value)
  }

  /// All elements in row-major order, converted to `Element`.
  public func values<Element: TensorElement>(
    as type: Element.Type = Element.self, file: StaticString = #fileID, line: UInt = #line
  ) -> [Element] {
    let count = self.count
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let host, host.dtype == Element.dtype, host.isContiguous || count <= HostArray.few {
        if let start = buffer.baseAddress { host.copy(to: start) }
        initialized = count
        return
      }
      perform("values", file: file, line: line) {
        mhk_copy_to_host(
          handle, Element.dtype.rawValue, UnsafeMutableRawPointer(buffer.baseAddress ?? .init(bitPattern: 8)!),
          count * MemoryLayout<Element>.stride)
      }
      initialized = count
    }
  }

  /// All elements in row-major order.
  public func floats() -> [Float] { values(as: Float.self) }
  /// All elements in row-major order.
  public func doubles() -> [Double] { values(as: Double.self) }
  /// All elements of an integer tensor in row-major order.
  public func integers() -> [Int] { values(as: Int64.self).map(Int.init) }

  /// Lends the bytes of a contiguous CPU tensor.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    precondition(isContiguous && device == .cpu, "the bytes of \(self) are not in one piece on the CPU")
    return try withExtendedLifetime(self) {
      try body(UnsafeRawBufferPointer(start: host?.start ?? mhk_data(handle), count: byteCount))
    }
  }
}
