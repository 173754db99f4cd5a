import MohawkFiles

extension GGUFFile {
  /// All numbers of a tensor, row-major, dequantised if need be.
  /// - Throws: `MohawkError` when its type cannot be read as numbers.
  public func floats(of tensor: GGUFTensorInfo) throws -> [Float] {
    try checkReadable(tensor)
    return [Float](unsafeUninitializedCapacity: tensor.elementCount) { buffer, initialized in
      let numbers = UnsafeMutableBufferPointer(rebasing: buffer[..<tensor.elementCount])
      withBytes(of: tensor) { tensor.type.decode($0, into: numbers) }
      initialized = tensor.elementCount
    }
  }

  /// Some rows of a tensor.
  /// - Parameters:
  ///   - tensor: of this file.
  ///   - rows: counted over all sizes but the last.
  ///   - numbers: room for the rows, `rows.count` times the last size.
  /// - Throws: `MohawkError` when its type cannot be read as numbers.
  public func readFloats(
    of tensor: GGUFTensorInfo, rows: Range<Int>, into numbers: UnsafeMutableBufferPointer<Float>
  ) throws {
    try checkReadable(tensor)
    let length = tensor.shape.last ?? 1
    precondition(
      rows.lowerBound >= 0 && rows.upperBound * length <= tensor.elementCount && numbers.count == rows.count * length,
      "rows \(rows) of \(tensor.name) \(tensor.shape) do not fit \(numbers.count) numbers")
    let rowBytes = length / tensor.type.blockSize * tensor.type.blockBytes
    withBytes(of: tensor) {
      let part = UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes])
      tensor.type.decode(part, into: numbers)
    }
  }

  /// Refuses a tensor whose type is not read, naming both.
  /// - Throws: `MohawkError` that says how to mend it.
  public func checkReadable(_ tensor: GGUFTensorInfo) throws {
    guard tensor.type.isReadable else {
      throw MohawkError(
        .unsupported, "the tensor \(tensor.name) is stored as \(tensor.type), which cannot be read", at: path,
        remedy: "quantise the model anew to Q4_K or Q8_0 with llama.cpp's llama-quantize, or get it in another type")
    }
  }
}
