import MohawkFiles

/// What stands where in a GGUF file: everything in front of the tensors' bytes, checked, and nothing copied but names.
struct GGUFIndex: Sendable {
  struct Entry: Sendable {
    let type: GGUFValueType
    let offset: Int
  }

  private(set) var version: UInt32 = 0
  private(set) var alignment = 32
  private(set) var keys: [String] = []
  private(set) var entries: [String: Entry] = [:]
  private(set) var tensors: [GGUFTensorInfo] = []
  private(set) var tensorIndex: [String: Int] = [:]

  /// Reads the bytes of a whole file; `path` is for messages.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    var cursor = GGUFCursor(bytes, path: path)
    try readVersion(&cursor)
    // A tensor takes at least 25 bytes (a name of one letter, no dimensions), a key at least 14.
    let tensorCount = try cursor.count(ofAtLeast: 25, "tensors")
    let keyCount = try cursor.count(ofAtLeast: 14, "keys")
    // An entry takes a little more memory than the bytes that it is read from; so many are in no file but a hostile one.
    guard tensorCount <= 100_000, keyCount <= 100_000 else {
      throw cursor.failure(
        .unsupported, "\(tensorCount) tensors and \(keyCount) keys are too many; 100000 of each are read")
    }
    for _ in 0..<keyCount { try readKey(&cursor) }
    try readAlignment(bytes, path)
    for _ in 0..<tensorCount { try readTensor(&cursor) }
    try place(from: cursor.offset, bytes.count, cursor)
  }

  private mutating func readVersion(_ cursor: inout GGUFCursor) throws {
    guard cursor.remaining >= 4, try cursor.read(as: UInt32.self, "the first word") == 0x4655_4747 else {
      throw cursor.failure(.invalidFormat, "this is not a GGUF file: it does not begin with GGUF")
    }
    version = try cursor.read("the version")
    switch version {
    case 2, 3: return
    case 1:
      throw cursor.failure(
        .unsupported, "GGUF version 1 is not supported", remedy: "convert the file to version 3 with llama.cpp's tools")
    case let other where other & 0xFFFF == 0:
      throw cursor.failure(
        .unsupported, "this GGUF file is big-endian", remedy: "convert it with the gguf package's gguf-convert-endian")
    default:
      throw cursor.failure(.unsupported, "GGUF version \(version) is not known", remedy: "versions 2 and 3 are read")
    }
  }

  private mutating func readKey(_ cursor: inout GGUFCursor) throws {
    let key = try cursor.text("the name of key \(keys.count)")
    guard !key.isEmpty else { throw cursor.failure(.invalidFormat, "key \(keys.count) has no name") }
    let type = try cursor.valueType(key)
    guard entries.updateValue(Entry(type: type, offset: cursor.offset), forKey: key) == nil else {
      throw cursor.failure(.invalidFormat, "the key \(key) appears twice")
    }
    keys.append(key)
    try cursor.skip(type, key)
  }

  private mutating func readAlignment(_ bytes: UnsafeRawBufferPointer, _ path: String) throws {
    guard let entry = entries["general.alignment"] else { return }
    var cursor = GGUFCursor(bytes, at: entry.offset, path: path)
    guard case .uint32(let value) = try cursor.value(entry.type, "general.alignment"), value.nonzeroBitCount == 1 else {
      throw cursor.failure(.invalidFormat, "general.alignment is not a 32-bit power of two")
    }
    alignment = Int(value)
  }

  /// Reads a tensor's entry. Its offset still counts from the beginning of the tensors' bytes.
  private mutating func readTensor(_ cursor: inout GGUFCursor) throws {
    let name = try cursor.text("the name of tensor \(tensors.count)")
    guard !name.isEmpty else { throw cursor.failure(.invalidFormat, "tensor \(tensors.count) has no name") }
    guard tensorIndex.updateValue(tensors.count, forKey: name) == nil else {
      throw cursor.failure(.invalidFormat, "the tensor \(name) appears twice")
    }
    let dimensions = try cursor.read(as: UInt32.self, "the dimensions of tensor \(name)")
    guard dimensions <= 4 else {
      throw cursor.failure(.invalidFormat, "tensor \(name) has \(dimensions) dimensions; the format allows 4")
    }
    var shape: [Int] = []
    var elements = 1
    for _ in 0..<dimensions {
      let size = try cursor.read(as: UInt64.self, "the dimensions of tensor \(name)")
      let (product, overflow) = elements.multipliedReportingOverflow(by: Int(truncatingIfNeeded: size))
      guard size <= UInt64(Int.max), !overflow else {
        throw cursor.failure(.invalidFormat, "the dimensions of tensor \(name) are larger than any file")
      }
      elements = product
      shape.insert(Int(size), at: 0)
    }
    let code = try cursor.read(as: UInt32.self, "the type of tensor \(name)")
    guard let type = GGUFType(code: code) else {
      throw cursor.failure(.unsupported, "tensor \(name) has the type \(code), which is not known")
    }
    guard (shape.last ?? 1).isMultiple(of: type.blockSize), let byteCount = type.byteCount(elements) else {
      throw cursor.failure(
        .invalidFormat,
        "tensor \(name) of shape \(shape) cannot be \(type): its rows are no multiple of \(type.blockSize)")
    }
    let offset = try cursor.read(as: UInt64.self, "the offset of tensor \(name)")
    guard offset <= UInt64(Int.max), Int(offset).isMultiple(of: alignment) else {
      throw cursor.failure(
        .invalidFormat, "the offset \(offset) of tensor \(name) is not a multiple of the alignment \(alignment)")
    }
    tensors.append(
      GGUFTensorInfo(
        name: name, shape: shape, type: type, byteCount: byteCount, elementCount: elements, offset: Int(offset)))
  }

  /// Counts offsets from the beginning of the file, and checks that tensors lie inside it and beside each other.
  private mutating func place(from end: Int, _ fileSize: Int, _ cursor: GGUFCursor) throws {
    let start = end.roundedUp(toMultipleOf: alignment)
    for (index, tensor) in tensors.enumerated() {
      let (first, overflow) = start.addingReportingOverflow(tensor.offset)
      guard !overflow, first <= fileSize || tensor.byteCount == 0, tensor.byteCount <= fileSize - min(first, fileSize)
      else {
        throw cursor.failure(
          .truncatedFile, "the file ends before tensor \(tensor.name) does", remedy: "download or copy it again")
      }
      tensors[index] = GGUFTensorInfo(
        name: tensor.name, shape: tensor.shape, type: tensor.type, byteCount: tensor.byteCount,
        elementCount: tensor.elementCount, offset: min(first, fileSize))
    }
    let placed = tensors.filter { $0.byteCount > 0 }.sorted { $0.offset < $1.offset }
    for (tensor, next) in zip(placed, placed.dropFirst()) where tensor.offset + tensor.byteCount > next.offset {
      throw cursor.failure(.invalidFormat, "the tensors \(tensor.name) and \(next.name) overlap")
    }
  }
}

extension Int {
  /// The next multiple of a power of two, or this number if it is one.
  func roundedUp(toMultipleOf power: Int) -> Int { (self + power - 1) & ~(power - 1) }
}
