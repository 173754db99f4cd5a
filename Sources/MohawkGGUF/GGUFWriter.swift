import MohawkFiles

/// Writes a GGUF file, version 3: metadata, then tensors, one at a time.
///
///     var writer = GGUFWriter()
///     writer.set("general.architecture", .string("mamba2"))
///     writer.add(GGUFTensor("output_norm.weight", shape: [768], type: .f32) { norm })
///     try writer.write(to: "student.gguf")
///
/// Tensors lie in the order in which they were added, each at a multiple of `general.alignment`, or of 32.
public struct GGUFWriter {
  private var keys: [String] = []
  private var values: [String: GGUFValue] = [:]
  private var tensors: [GGUFTensor] = []

  /// Nothing to write yet.
  public init() {}

  /// Sets a key. Keys are written in the order in which they were set first.
  public mutating func set(_ key: String, _ value: GGUFValue) {
    if values.updateValue(value, forKey: key) == nil { keys.append(key) }
  }

  /// Adds a tensor behind the others.
  public mutating func add(_ tensor: GGUFTensor) { tensors.append(tensor) }

  /// Writes the file, whole or not at all. A tensor's numbers are asked for when its turn comes and let go behind it.
  /// - Throws: `MohawkError` when a name, shape or type is none that readers accept, when numbers do not fit their type
  ///   or shape, or when the disk refuses; also whatever the tensors' closures throw.
  public func write(to path: String) throws {
    let alignment = try alignment(path)
    let sizes = try checkedSizes(path)
    let output = try GGUFOutput(path)
    try header(sizes, alignment, path).withUnsafeBytes(output.write)
    try output.pad(to: alignment)
    for (tensor, size) in zip(tensors, sizes) {
      let sink = GGUFSink(tensor, byteCount: size, output, path: path)
      try tensor.write(sink)
      try sink.finish()
      try output.pad(to: alignment)
    }
    try output.commit()
  }

  private func alignment(_ path: String) throws -> Int {
    guard let value = values["general.alignment"] else { return 32 }
    guard case .uint32(let alignment) = value, alignment.nonzeroBitCount == 1, alignment <= 1 << 16 else {
      throw MohawkError(.invalidValue, "general.alignment must be a 32-bit power of two, at most 65536", at: path)
    }
    return Int(alignment)
  }

  /// The tensors' sizes in bytes, once everything about them is known to be acceptable.
  private func checkedSizes(_ path: String) throws -> [Int] {
    var names: Set<String> = []
    return try tensors.map { tensor in
      let location = "\(path): tensor \(tensor.name)"
      guard (1..<64).contains(tensor.name.utf8.count) else {
        throw MohawkError(.invalidValue, "a tensor's name has 1 to 63 bytes", at: location)
      }
      guard names.insert(tensor.name).inserted else {
        throw MohawkError(.invalidValue, "the tensor is there twice", at: location)
      }
      guard (1...4).contains(tensor.shape.count), tensor.shape.allSatisfy({ $0 > 0 }) else {
        throw MohawkError(.invalidValue, "the shape \(tensor.shape) is not of one to four sizes above 0", at: location)
      }
      guard tensor.shape.last!.isMultiple(of: tensor.type.blockSize) else {
        throw MohawkError(
          .invalidValue,
          "rows of \(tensor.shape.last!) cannot be \(tensor.type), which takes multiples of \(tensor.type.blockSize)",
          at: location, remedy: "write this tensor as F16, BF16 or F32")
      }
      var elements = 1
      for size in tensor.shape {
        let (product, overflow) = elements.multipliedReportingOverflow(by: size)
        guard !overflow, product < 1 << 48 else {
          throw MohawkError(.invalidValue, "the shape \(tensor.shape) is larger than any file", at: location)
        }
        elements = product
      }
      return tensor.type.byteCount(elements)!
    }
  }

  private func header(_ sizes: [Int], _ alignment: Int, _ path: String) throws -> [UInt8] {
    var header = GGUFHeader()
    header.append(UInt32(0x4655_4747))
    header.append(UInt32(3))
    header.append(UInt64(tensors.count))
    header.append(UInt64(keys.count))
    for key in keys {
      guard (1...65535).contains(key.utf8.count) else {
        throw MohawkError(.invalidValue, "a key has 1 to 65535 bytes", at: "\(path): key \(key.prefix(40))")
      }
      header.append(key)
      header.append(values[key]!)
    }
    var offset = 0
    for (tensor, size) in zip(tensors, sizes) {
      header.append(tensor.name)
      header.append(UInt32(tensor.shape.count))
      for size in tensor.shape.reversed() { header.append(UInt64(size)) }
      header.append(tensor.type.code)
      header.append(UInt64(offset))
      offset += size.roundedUp(toMultipleOf: alignment)
    }
    return header.bytes
  }
}
