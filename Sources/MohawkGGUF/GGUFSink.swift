import MohawkFiles

/// Where a tensor's numbers go while a file is written: it stores them in the tensor's type and counts them.
public final class GGUFSink {
  private let tensor: GGUFTensor
  private let path: String
  private let output: GGUFOutput
  private let byteCount: Int
  private var written = 0
  /// Numbers that do not fill a block yet.
  private var carried: [Float] = []

  init(_ tensor: GGUFTensor, byteCount: Int, _ output: GGUFOutput, path: String) {
    self.tensor = tensor
    self.byteCount = byteCount
    self.output = output
    self.path = path
  }

  /// Appends the next numbers, as many as are at hand.
  /// - Throws: `MohawkError` when they are too many, do not fit the type, or cannot be written.
  public func append(_ floats: UnsafeBufferPointer<Float>) throws {
    guard tensor.type.isWritable else {
      throw MohawkError(
        .unsupported, "floats cannot be written as \(tensor.type)", at: location,
        remedy: "write F32, F16, BF16, Q8_0, Q4_K or Q4_0")
    }
    var rest = floats[...]
    let blockSize = tensor.type.blockSize
    if !carried.isEmpty {
      let missing = min(blockSize - carried.count, rest.count)
      carried.append(contentsOf: rest.prefix(missing))
      rest = rest.dropFirst(missing)
      guard carried.count == blockSize else { return }
      try carried.withUnsafeBufferPointer(encode)
      carried.removeAll(keepingCapacity: true)
    }
    let whole = rest.count / blockSize * blockSize
    try encode(UnsafeBufferPointer(rebasing: rest.prefix(whole)))
    carried.append(contentsOf: rest.dropFirst(whole))
  }

  /// Appends the next numbers.
  public func append(_ floats: [Float]) throws {
    try floats.withUnsafeBufferPointer(append)
  }

  /// Appends bytes that are already in the layout of the tensor's type.
  public func append(bytes: UnsafeRawBufferPointer) throws {
    guard carried.isEmpty, bytes.count <= byteCount - written else { throw wrongCount() }
    try output.write(bytes)
    written += bytes.count
  }

  /// Stores whole blocks, a piece at a time.
  private func encode(_ floats: UnsafeBufferPointer<Float>) throws {
    let type = tensor.type
    guard let total = type.byteCount(floats.count), total <= byteCount - written else { throw wrongCount() }
    let piece = max(1, 16384 / type.blockSize) * type.blockSize
    var start = 0
    while start < floats.count {
      let end = min(start + piece, floats.count)
      let numbers = UnsafeBufferPointer(rebasing: floats[start..<end])
      try output.write(type.byteCount(numbers.count)!) { bytes in
        switch type.encode(numbers, into: bytes) {
        case .fine: return
        case .notFinite:
          throw MohawkError(
            .notFinite, "a value is not finite and cannot be written as \(type)", at: location,
            remedy: "write F32, or mend the weights")
        case .outOfRange:
          throw MohawkError(
            .outOfRange, "a value is too large for \(type)", at: location, remedy: "write BF16 or F32")
        }
      }
      start = end
    }
    written += total
  }

  func finish() throws {
    guard carried.isEmpty, written == byteCount else { throw wrongCount() }
  }

  private var location: String { "\(path): tensor \(tensor.name)" }

  private func wrongCount() -> MohawkError {
    MohawkError(
      .mismatch, "the numbers handed over do not fill the shape \(tensor.shape): \(byteCount) bytes of \(tensor.type)",
      at: location)
  }
}
