import MohawkFiles

/// A memory-mapped safetensors file. Opening reads and checks the header only; a tensor's pages are read when they are
/// touched.
public final class SafetensorsFile: Sendable {
  private let map: MappedFile
  private let header: SafetensorsHeader

  /// Maps `path` and checks its header. Tensors of a type that cannot be computed with are no reason to refuse the file.
  /// - Throws: `MohawkError` when the file is missing, is no safetensors file or is damaged.
  public init(_ path: String) throws {
    map = try MappedFile(path)
    header = try map.withBytes { try SafetensorsHeader($0, path: path) }
  }

  /// The path as it was given.
  public var path: String { map.path }
  /// The tensors' names, in the order of their bytes in the file.
  public var names: [String] { header.names }
  /// Every tensor by its name, without those of a type that no `DType` stands for, such as `F8_E4M3`.
  public var entries: [String: SafetensorsEntry] { header.entries }
  /// The free text pairs of the header.
  public var metadata: [String: String] { header.metadata }

  /// A tensor on the CPU that borrows the map, which stays open as long as the tensor lives. Where the file keeps the
  /// bytes at an address that does not suit the type, the tensor is a copy.
  ///
  /// Changing the tensor in place changes every other tensor over the same bytes, and not the file.
  /// - Parameters:
  ///   - name: the name in the file.
  ///   - checkFinite: also refuse NaN and infinity, at the price of reading every byte.
  /// - Throws: `MohawkError` when there is no such tensor, or when it holds what it may not.
  public func tensor(_ name: String, checkFinite: Bool = false) throws -> Tensor {
    if let type = header.foreign[name] {
      throw MohawkError(
        .unsupported, "tensor \(quoted(name)) has the element type \(type.rawValue), which cannot be computed with",
        at: path, remedy: "convert it to one of \(DType.allCases.map(\.safetensorsName).joined(separator: ", "))")
    }
    guard let entry = entries[name] else {
      throw MohawkError(
        .mismatch, "there is no tensor \(quoted(name))", at: path, remedy: "check that this file fits the model")
    }
    let bytes = map.withBytes { UnsafeRawBufferPointer(rebasing: $0[entry.bytes]) }  // `map` is kept by self
    if entry.dtype == .bool, let other = bytes.first(where: { $0 > 1 }) {
      throw MohawkError(
        .invalidFormat, "tensor \(quoted(name)) of type BOOL holds a byte \(other)", at: path,
        remedy: "fetch or write the file again")
    }
    let tensor = Tensor.borrowingIfAligned(bytes, shape: entry.shape, dtype: entry.dtype, owner: map)
    if checkFinite, !entry.dtype.areFinite(bytes) {
      throw MohawkError(
        .notFinite, "tensor \(quoted(name)) holds NaN or infinity", at: path,
        remedy: "these weights are broken: fetch or make them again")
    }
    return tensor
  }
}

extension Tensor {
  /// A tensor over `bytes` that `owner` owns, or over a copy of them when their address does not suit `dtype`.
  package static func borrowingIfAligned(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) -> Tensor {
    guard UInt(bitPattern: bytes.baseAddress) % UInt(dtype.size) != 0 else {
      return borrowing(bytes, shape: shape, dtype: dtype, owner: owner)
    }
    return Tensor(HostArray(copying: bytes, shape, dtype))
  }
}
