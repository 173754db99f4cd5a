import Foundation
import MohawkFiles

/// A GGUF file, mapped into memory and checked when it is opened: metadata and tensors, versions 2 and 3.
///
/// Opening reads names and sizes only. Values are decoded when they are asked for, and a tensor's pages are read when
/// they are touched. Nothing that the file says about itself is believed before it is checked against its size.
///
/// Source of the format: the GGUF description in the ggml repository.
public final class GGUFFile: Sendable {
  /// The path as it was given.
  public let path: String
  private let file: MappedFile
  private let index: GGUFIndex

  /// The version of the format, 2 or 3.
  public var version: UInt32 { index.version }
  /// Tensors begin at multiples of this many bytes.
  public var alignment: Int { index.alignment }
  /// The keys of the metadata, in the file's order.
  public var keys: [String] { index.keys }
  /// The tensors, in the file's order.
  public var tensors: [GGUFTensorInfo] { index.tensors }

  /// Opens and checks `path`.
  /// - Throws: `MohawkError` when it is missing, ends early, or is not a GGUF file as the format says.
  public init(_ path: String) throws {
    self.path = path
    file = try MappedFile(path)
    index = try file.withBytes { try GGUFIndex($0, path: path) }
  }

  /// The value of a key, or nil when the file has no such key.
  /// - Throws: `MohawkError` when a text in it is not UTF-8.
  public func value(_ key: String) throws -> GGUFValue? {
    guard let entry = index.entries[key] else { return nil }
    return try file.withBytes {
      var cursor = GGUFCursor($0, at: entry.offset, path: path)
      return try cursor.value(entry.type, key)
    }
  }

  /// The tensor of a name, or nil when the file has none.
  public func tensor(_ name: String) -> GGUFTensorInfo? {
    index.tensorIndex[name].map { index.tensors[$0] }
  }

  /// Lends a tensor's bytes as they lie in the file. They must not leave `body`.
  public func withBytes<Result>(
    of tensor: GGUFTensorInfo, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    precondition(
      tensor.offset + tensor.byteCount <= file.count, "the tensor \(tensor.name) is not one of \(path)")
    return try file.withBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[tensor.offset..<tensor.offset + tensor.byteCount]))
    }
  }

  /// Whether a path is a file that begins as GGUF files do; a folder or what is not there is none.
  public static func isOne(_ path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    return (try? handle.read(upToCount: 4)).map { $0.elementsEqual("GGUF".utf8) } ?? false
  }
}
